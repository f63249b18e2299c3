//! Volumes and their sources.

use crate::json::{Brief, Decode, Error, Read, Reader, Text, decode, once};
use crate::pod::projected::Projected;
use crate::pod::volume_type::VolumeType;

/// `spec.volumes[*]`
#[derive(Debug, Clone, Default)]
pub struct Volume<'a> {
    /// `name`
    pub name: Text<'a>,
    /// The source; a volume without one is an `emptyDir` by API default.
    pub source: Option<VolumeSource<'a>>,
    /// The origin of the volume.
    pub origin: Origin,
    /// Whether this request is not about the volume: an ephemeral container does not mount it, or its `StatefulSet`
    /// replaces it with a claim.
    pub not_reviewed: bool,
}

/// The origin of a volume.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Origin {
    /// The author of the pod.
    #[default]
    Written,
    /// The API server, for the service account's token.
    Token,
    /// The StatefulSet controller, for the claim template at this path from the root of the object.
    Claim(String),
}

/// The source of a volume: the JSON key, and the fields under it that policies read.
#[derive(Debug, Clone)]
pub struct VolumeSource<'a> {
    /// The key, such as `configMap`.
    pub key: Text<'a>,
    /// The type in policies; `None` for a source that is not known.
    pub kind: Option<VolumeType>,
    /// The governed part of the value.
    pub detail: VolumeDetail<'a>,
}

/// The fields of a volume source that policies read.
#[derive(Debug, Clone)]
pub enum VolumeDetail<'a> {
    /// `hostPath.path`
    HostPath(Text<'a>),
    /// `flexVolume.driver`
    FlexVolume(Text<'a>),
    /// `csi.driver`
    Csi(Text<'a>),
    /// `projected`, which few policies read.
    Projected(Projected<'a>),
    /// Nothing: only the type counts.
    Other,
}

impl<'a> VolumeSource<'a> {
    /// The source under this key.
    pub fn new(key: Text<'a>, detail: VolumeDetail<'a>) -> Self {
        VolumeSource { kind: VolumeType::of_source(&key), key, detail }
    }

    /// Its name in policies: its type, or the key if that is not known.
    pub fn name(&self) -> &str {
        match self.kind {
            Some(kind) => kind.name(),
            None => &self.key,
        }
    }
}

impl<'a> Volume<'a> {
    /// What policies read of its source, if it has one.
    pub(crate) fn detail(&self) -> Option<&VolumeDetail<'a>> {
        self.source.as_ref().map(|source| &source.detail)
    }

    /// Whether this is the key of its source.
    pub fn has_source(&self, key: &str) -> bool {
        self.source.as_ref().is_some_and(|source| source.key == key)
    }
}

decode! {
    struct HostPath<'a> {
        path: Text<'a> = "path",
    }

    struct Driver<'a> {
        driver: Text<'a> = "driver",
    }
}

/// Every key but `name` is a source: a closed list would read a source newer than itself as none at all. With two, it
/// is not known which one counts, and enforcement must not let them through, so they are an error.
impl<'a> Decode<'a> for Volume<'a> {
    fn decode(&mut self, reader: &mut Reader<'a>) -> Read<()> {
        let mut named = 0;
        let mut second = None;
        reader.object(|reader, key| {
            if key == "name" {
                once(&mut named, 0)?;
                return reader.field(&mut self.name);
            }
            if reader.null()? {
                return Ok(());
            }
            let detail = match &**key {
                "hostPath" => VolumeDetail::HostPath(reader.value::<HostPath<'_>>()?.path),
                "flexVolume" => VolumeDetail::FlexVolume(reader.value::<Driver<'_>>()?.driver),
                "csi" => VolumeDetail::Csi(reader.value::<Driver<'_>>()?.driver),
                "projected" => VolumeDetail::Projected(Projected::new(reader.raw()?)),
                _ => reader.skip_unchecked().map(|()| VolumeDetail::Other)?,
            };
            match self.source {
                None => self.source = Some(VolumeSource::new(key.clone(), detail)),
                Some(_) => second = Some(key.clone()),
            }
            Ok(())
        })?;
        if let (Some(VolumeSource { key: first, .. }), Some(second)) = (&self.source, &second) {
            let (first, second) = (Brief(first), Brief(second));
            return Err(Error::new(format!("must have one source, not both `{first}` and `{second}`")));
        }
        Ok(())
    }
}
