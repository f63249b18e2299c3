//! Types that are read from JSON.

use super::{Error, Read, Reader, TWICE, Text};

/// A type that is read from JSON.
///
/// [`Default`] is the value of an absent or `null` field: Kubernetes does not distinguish the two.
pub trait Decode<'a>: Default {
    /// Reads one value that is not `null` into a default: in its final place, since moving a large value takes a call
    /// of the host.
    fn decode(&mut self, reader: &mut Reader<'a>) -> Read<()>;
}

impl<'a> Decode<'a> for Text<'a> {
    fn decode(&mut self, reader: &mut Reader<'a>) -> Read<()> {
        *self = reader.string()?;
        Ok(())
    }
}

impl<'a, T: Decode<'a>> Decode<'a> for Option<T> {
    fn decode(&mut self, reader: &mut Reader<'a>) -> Read<()> {
        self.get_or_insert_default().decode(reader)
    }
}

/// In a box, since a large value that is moved takes stack.
impl<'a, T: Decode<'a>> Decode<'a> for Box<T> {
    fn decode(&mut self, reader: &mut Reader<'a>) -> Read<()> {
        (**self).decode(reader)
    }
}

impl<'a, T: Decode<'a>> Decode<'a> for Vec<T> {
    fn decode(&mut self, reader: &mut Reader<'a>) -> Read<()> {
        // Room for one, where the usual four would be unused pages.
        if size_of::<T>() > 128 {
            self.reserve_exact(1);
        }
        reader.list(|reader, _| {
            let room = reader.room.checked_sub(size_of::<T>());
            reader.room = room.ok_or_else(|| Error::new("is one element more than can be judged"))?;
            self.push(T::default());
            self.last_mut().map_or(Ok(()), |element| element.decode(reader))
        })
    }
}

/// Declares structs that are read from JSON: each field from the value of the key behind it; all other keys are skipped.
///
/// A governed key that occurs twice is an error: readers differ on which one counts.
macro_rules! decode {
    ($(
        $(#[$about:meta])*
        $visibility:vis struct $name:ident $(<$lifetime:lifetime>)? {
            $($(#[$about_field:meta])* $field_visibility:vis $field:ident: $type:ty $(= $key:literal)?,)+
        }
    )+) => {$(
        $(#[$about])*
        #[derive(Default)]
        $visibility struct $name $(<$lifetime>)? {
            $($(#[$about_field])* $field_visibility $field: $type,)+
        }

        impl<'a> $crate::json::Decode<'a> for $name $(<$lifetime>)? {
            fn decode(&mut self, reader: &mut $crate::json::Reader<'a>) -> $crate::json::Read<()> {
                #[allow(dead_code, non_camel_case_types, clippy::upper_case_acronyms)]
                enum Key { $($field),+ }
                let mut seen = 0_u32;
                reader.object(|reader, key| match &**key {
                    $($($key => {
                        $crate::json::once(&mut seen, Key::$field as u32)?;
                        reader.field(&mut self.$field)
                    })?)+
                    _ => reader.skip_unchecked(),
                })
            }
        }
    )+};
}
pub(crate) use decode;

/// Marks the key with this number as seen; twice is an error.
pub(crate) fn once(seen: &mut u32, key: u32) -> Read<()> {
    let bit = 1 << key;
    if *seen & bit != 0 {
        return Err(Error::new(TWICE));
    }
    *seen |= bit;
    Ok(())
}
