//! The accounts that create the pods of workloads.
//!
//! RBAC decides about a pod by its service account and by the account that creates it. The pods of a workload are
//! created by a controller of kube-controller-manager: under an account of its own where
//! `--use-service-account-credentials` is set, as kubeadm and every managed cluster do, else under the user
//! `system:kube-controller-manager`. The names are those of `cmd/kube-controller-manager/names` and of
//! `plugin/pkg/auth/authorizer/rbac/bootstrappolicy/controller_policy.go` in kubernetes/kubernetes.

use crate::json::{Read, Reader, Text};
use crate::pod::Kind;
use crate::pod::template::{PathSegment, find};

/// The service accounts in `kube-system` of the controllers that create pods of workloads.
pub(crate) const SERVICE_ACCOUNTS: [&str; 5] = [
    "replicaset-controller",
    "statefulset-controller",
    "daemon-set-controller",
    "job-controller",
    "replication-controller",
];
/// The user of controllers that have no service account of their own.
pub(crate) const CONTROLLER_MANAGER: &str = "system:kube-controller-manager";
/// The value of a Job's `spec.managedBy` that means the built-in controller (KEP-4368).
const JOB_CONTROLLER: &str = "kubernetes.io/job-controller";

/// Who creates the pods of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Controllers {
    /// The controller with this service account in `kube-system`, or the user `system:kube-controller-manager`.
    BuiltIn(&'static str),
    /// Not known: a controller that is not part of Kubernetes, or any user of a `PodTemplate`.
    Unknown,
}

impl Controllers {
    /// Who creates the pods of an object of this kind, which is given as JSON.
    ///
    /// ```
    /// use pod_security_policy::pod::{Controllers, Kind};
    ///
    /// let deployment = Kind { group: "apps".into(), kind: "Deployment".into() };
    /// assert_eq!(Controllers::of(&deployment, "{}").unwrap(), Controllers::BuiltIn("replicaset-controller"));
    /// ```
    ///
    /// # Errors
    ///
    /// If `spec.managedBy` of a Job cannot be read.
    pub fn of(kind: &Kind<'_>, object: &str) -> Read<Self> {
        let account = match (&*kind.group, &*kind.kind) {
            // A Deployment makes ReplicaSets, and a CronJob makes Jobs.
            ("apps", "Deployment" | "ReplicaSet") => "replicaset-controller",
            ("apps", "StatefulSet") => "statefulset-controller",
            ("apps", "DaemonSet") => "daemon-set-controller",
            ("", "ReplicationController") => "replication-controller",
            ("batch", "Job") if !is_managed(object, &["spec", "managedBy"])? => "job-controller",
            ("batch", "CronJob") if !is_managed(object, &["spec", "jobTemplate", "spec", "managedBy"])? => {
                "job-controller"
            }
            _ => return Ok(Controllers::Unknown),
        };
        Ok(Controllers::BuiltIn(account))
    }
}

/// Whether a controller other than the built-in one manages a Job.
fn is_managed(object: &str, path: &[&'static str]) -> Read<bool> {
    let path: Vec<PathSegment<'_>> = path.iter().map(|key| PathSegment::Key((*key).into())).collect();
    for found in find(object, &path)? {
        let name: Text<'_> =
            Reader::document(found.text).map_err(|error: crate::json::Error| error.in_path(&found.path))?;
        if name != JOB_CONTROLLER {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::deployment("apps", "Deployment", "{}", Controllers::BuiltIn("replicaset-controller"))]
    #[case::replica_set("apps", "ReplicaSet", "{}", Controllers::BuiltIn("replicaset-controller"))]
    #[case::stateful_set("apps", "StatefulSet", "{}", Controllers::BuiltIn("statefulset-controller"))]
    #[case::daemon_set("apps", "DaemonSet", "{}", Controllers::BuiltIn("daemon-set-controller"))]
    #[case::replication_controller(
        "",
        "ReplicationController",
        "{}",
        Controllers::BuiltIn("replication-controller")
    )]
    #[case::job("batch", "Job", r#"{"spec": {"managedBy": null}}"#, Controllers::BuiltIn("job-controller"))]
    #[case::job_that_names_the_built_in_controller(
        "batch",
        "Job",
        r#"{"spec": {"managedBy": "kubernetes.io/job-controller"}}"#,
        Controllers::BuiltIn("job-controller")
    )]
    #[case::job_of_another_controller(
        "batch",
        "Job",
        r#"{"spec": {"managedBy": "kueue.x-k8s.io/multikueue"}}"#,
        Controllers::Unknown
    )]
    #[case::cron_job(
        "batch",
        "CronJob",
        r#"{"spec": {"jobTemplate": {"spec": {}}}}"#,
        Controllers::BuiltIn("job-controller")
    )]
    #[case::cron_job_of_another_controller(
        "batch",
        "CronJob",
        r#"{"spec": {"jobTemplate": {"spec": {"managedBy": "example.com/c"}}}}"#,
        Controllers::Unknown
    )]
    #[case::pod_template("", "PodTemplate", "{}", Controllers::Unknown)]
    #[case::a_kind_of_another_group("example.com", "Deployment", "{}", Controllers::Unknown)]
    fn knows_who_creates_pods(
        #[case] group: &str,
        #[case] kind: &str,
        #[case] object: &str,
        #[case] expected: Controllers,
    ) {
        let kind = Kind { group: group.into(), kind: kind.into() };
        assert_eq!(Controllers::of(&kind, object), Ok(expected));
    }

    #[test]
    fn an_unreadable_manager_is_a_fault_with_its_path() {
        let kind = Kind { group: "batch".into(), kind: "Job".into() };
        let error = Controllers::of(&kind, r#"{"spec": {"managedBy": 1}}"#).unwrap_err();
        assert_eq!(error.to_string(), "spec.managedBy: must be a string, not 1");
    }
}
