//! The request, as far as it matters for the review of the object.
//!
//! ```
//! use pod_security_policy::{json::Reader, request::Request};
//!
//! let text = r#"{"operation": "CREATE", "kind": {"group": "apps", "kind": "Deployment"}, "object": {"spec": {}}}"#;
//! let request: Request<'_> = Reader::document(text).unwrap();
//! assert_eq!((&*request.kind.kind, request.object), ("Deployment", Some(r#"{"spec": {}}"#)));
//! ```

use crate::json::{Decode, Error, Read, Reader, Text, Tree, decode, once};
use crate::pod::{Kind, Pod};

/// The payload of the policy server: a request and the settings, both still unread inside.
#[derive(Debug, Default)]
pub struct Payload<'a> {
    /// The admission request.
    pub request: Request<'a>,
    /// The settings.
    pub settings: Tree<'a>,
}

/// A Kubernetes `AdmissionRequest` (`admission.k8s.io/v1`).
#[derive(Debug, Clone, Default)]
pub struct Request<'a> {
    /// The operation: `CREATE`, `UPDATE`, `DELETE` or `CONNECT`.
    pub operation: Text<'a>,
    /// The kind of the object.
    pub kind: Kind<'a>,
    /// The subresource, such as `status`; empty for the object itself.
    pub sub_resource: Text<'a>,
    /// The name of the object; empty if it is yet to be generated.
    pub name: Text<'a>,
    /// The namespace of the object.
    pub namespace: Text<'a>,
    /// The requesting user.
    pub user: User<'a>,
    /// The new object, as JSON; `None` when it is deleted.
    pub object: Option<&'a str>,
    /// The pod that the object is, if the request has the kind first, as the policy server writes it, and it can be
    /// read: reading it on the way saves a pass over the object.
    pub pod: Option<Box<Pod<'a>>>,
    /// The old object, as JSON.
    pub old_object: Option<&'a str>,
}

decode! {
    /// The requesting user, as authenticated by the API server.
    #[derive(Debug, Clone)]
    pub struct User<'a> {
        /// The name; empty in an audit of the cluster.
        pub username: Text<'a> = "username",
        /// The groups.
        pub groups: Vec<Text<'a>> = "groups",
    }
}

/// A value kept as its text.
#[derive(Default)]
struct Raw<'a>(&'a str);

impl<'a> Decode<'a> for Raw<'a> {
    fn decode(&mut self, reader: &mut Reader<'a>) -> Read<()> {
        self.0 = reader.raw()?;
        Ok(())
    }
}

impl<'a> Decode<'a> for Payload<'a> {
    fn decode(&mut self, reader: &mut Reader<'a>) -> Read<()> {
        let mut seen = 0;
        let mut requested = false;
        reader.object(|reader, key| match &**key {
            "request" => {
                once(&mut seen, 0)?;
                requested = !reader.null()?;
                if requested { self.request.decode(reader) } else { Ok(()) }
            }
            "settings" => {
                once(&mut seen, 1)?;
                reader.field(&mut self.settings)
            }
            _ => reader.skip_unchecked(),
        })?;
        if requested { Ok(()) } else { Err(Error::new("must be set").in_key("request")) }
    }
}

impl<'a> Request<'a> {
    fn read_object(&mut self, reader: &mut Reader<'a>) -> Read<()> {
        if reader.null()? {
            return Ok(());
        }
        let start = reader.mark();
        if self.kind.is_pod() {
            let mut pod = Box::<Pod<'a>>::default();
            match pod.decode(reader) {
                Ok(()) => self.pod = Some(pod),
                // Reported when the object is reviewed, with a path that starts at its root.
                Err(_) => reader.rewind(&start),
            }
        }
        if self.pod.is_none() {
            reader.skip_unchecked()?;
        }
        self.object = Some(reader.since(start.at));
        Ok(())
    }
}

/// Some hosts write the keys of Kubernetes, some those of the SDK's types.
impl<'a> Decode<'a> for Request<'a> {
    fn decode(&mut self, reader: &mut Reader<'a>) -> Read<()> {
        let mut seen = 0;
        reader.object(|reader, key| {
            let number = match &**key {
                "operation" => 0,
                "kind" => 1,
                "subResource" | "sub_resource" => 2,
                "name" => 3,
                "namespace" => 4,
                "userInfo" | "user_info" => 5,
                "object" => 6,
                "oldObject" | "old_object" => 7,
                _ => return reader.skip_unchecked(),
            };
            once(&mut seen, number)?;
            match number {
                0 => reader.field(&mut self.operation),
                1 => reader.field(&mut self.kind),
                2 => reader.field(&mut self.sub_resource),
                3 => reader.field(&mut self.name),
                4 => reader.field(&mut self.namespace),
                5 => reader.field(&mut self.user),
                6 => self.read_object(reader),
                _ => {
                    let mut old = None::<Raw<'a>>;
                    reader.field(&mut old)?;
                    self.old_object = old.map(|raw| raw.0);
                    Ok(())
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Value;
    use rstest::rstest;

    #[rstest]
    #[case::of_kubernetes(r#"{"operation": "UPDATE", "subResource": "status", "userInfo": {"username": "u", "uid": "1", "groups": ["g", "h"], "extra": {"x": ["y"]}},
        "oldObject": {"a": 1}, "object": {"a": 2}, "kind": {"group": "apps", "version": "v1", "kind": "Deployment"}, "namespace": "n", "name": "d", "dryRun": true}"#)]
    #[case::of_the_sdk(r#"{"operation": "UPDATE", "sub_resource": "status", "user_info": {"username": "u", "uid": "1", "groups": ["g", "h"], "extra": {"x": ["y"]}},
        "old_object": {"a": 1}, "object": {"a": 2}, "kind": {"group": "apps", "version": "v1", "kind": "Deployment"}, "namespace": "n", "name": "d", "dry_run": true}"#)]
    fn reads_the_spelling(#[case] text: &str) {
        let Request { operation, kind, sub_resource, name, namespace, user, object, old_object, pod: _ } =
            Reader::document(text).unwrap();
        assert_eq!([operation, sub_resource, name, namespace], ["UPDATE", "status", "d", "n"]);
        assert_eq!((&*kind.group, &*kind.kind), ("apps", "Deployment"));
        assert_eq!((&*user.username, user.groups), ("u", vec!["g".into(), "h".into()]));
        assert_eq!((object, old_object), (Some("{\"a\": 2}"), Some("{\"a\": 1}")));
    }

    #[test]
    fn nulls_are_absent() {
        let text = r#"{"operation": null, "subResource": null, "userInfo": null, "oldObject": null, "object": null, "kind": null, "namespace": null, "name": null}"#;
        let request: Request<'_> = Reader::document(text).unwrap();
        assert_eq!((request.object, request.old_object, request.kind), (None, None, Kind::default()));
        assert_eq!(&*request.operation, "");
    }

    #[test]
    fn settings_may_come_first_and_may_be_absent() {
        let payload: Payload<'_> =
            Reader::document(r#"{"settings": {"a": 1} , "request": {"name": "x"}}"#).unwrap();
        assert_eq!(payload.settings.root().get("a").and_then(Value::integer), Some(1));
        assert_eq!(payload.request.name, "x");
        let payload: Payload<'_> = Reader::document(r#"{"request": {}}"#).unwrap();
        assert!(payload.settings.root().is_null());
    }

    #[rstest]
    #[case::groups(
        r#"{"request": {"userInfo": {"groups": "g"}}}"#,
        "request.userInfo.groups: must be a list, not the string \"g\""
    )]
    #[case::kind(
        r#"{"request": {"kind": "Pod"}}"#,
        "request.kind: must be an object, not the string \"Pod\""
    )]
    #[case::twice(r#"{"request": {"name": "a", "name": "a"}}"#, "request.name: duplicate key")]
    #[case::twice_in_two_spellings(
        r#"{"request": {"subResource": "a", "sub_resource": ""}}"#,
        "request.sub_resource: duplicate key"
    )]
    #[case::in_the_object(
        r#"{"request": {"object": {"a": [1}}}"#,
        "is not JSON: a comma or a closing bracket must come here (byte 34)"
    )]
    fn reports_what_is_wrong_and_where(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(Reader::document::<Payload<'_>>(text).unwrap_err().to_string(), expected);
    }
}
