//! Values taken apart by `serde` into one plain form, so that what makes tables of them is compiled once, here, and not in every cell.

use std::fmt::Display;

use serde::ser::{self, Serialize, SerializeMap, SerializeTuple, Serializer};

/// A value in plain form.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    Nothing,
    Bool(bool),
    Signed(i64),
    Unsigned(u64),
    Float(f64),
    Char(char),
    Text(String),
    Bytes(Vec<u8>),
    List(Vec<Item>),
    Tuple(Vec<Item>),
    /// Structs and maps.
    Map(Vec<(Item, Item)>),
}

/// Why a value could not be taken apart.
#[derive(Debug)]
pub struct Failed(String);

impl Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failed {}

impl ser::Error for Failed {
    fn custom<T: Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

impl Serialize for Item {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Nothing => serializer.serialize_none(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Signed(value) => serializer.serialize_i64(*value),
            Self::Unsigned(value) => serializer.serialize_u64(*value),
            Self::Float(value) => serializer.serialize_f64(*value),
            Self::Char(value) => serializer.collect_str(value),
            Self::Text(value) => serializer.serialize_str(value),
            Self::Bytes(value) => serializer.serialize_bytes(value),
            Self::List(items) => serializer.collect_seq(items),
            Self::Tuple(items) => {
                let mut tuple = serializer.serialize_tuple(items.len())?;
                items.iter().try_for_each(|item| tuple.serialize_element(item))?;
                tuple.end()
            }
            Self::Map(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                entries.iter().try_for_each(|(key, value)| map.serialize_entry(key, value))?;
                map.end()
            }
        }
    }
}

/// Takes a value apart.
pub struct Taker;

/// Items, or entries, as they come.
#[derive(Default)]
pub struct Parts {
    items: Vec<Item>,
    entries: Vec<(Item, Item)>,
    key: Option<Item>,
    /// Name of an enum's variant with data.
    variant: Option<&'static str>,
}

impl Parts {
    fn of_variant(variant: &'static str) -> Self {
        Self { variant: Some(variant), ..Self::default() }
    }

    fn add<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Failed> {
        self.items.push(value.serialize(Taker)?);
        Ok(())
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Failed> {
        self.entries.push((Item::Text(name.to_owned()), value.serialize(Taker)?));
        Ok(())
    }
}

/// An enum's variant with data, as a struct with one field.
fn named(variant: Option<&'static str>, item: Item) -> Item {
    match variant {
        Some(name) => Item::Map(vec![(Item::Text(name.to_owned()), item)]),
        None => item,
    }
}

impl Serializer for Taker {
    type Ok = Item;
    type Error = Failed;
    type SerializeSeq = Parts;
    type SerializeTuple = Parts;
    type SerializeTupleStruct = Parts;
    type SerializeTupleVariant = Parts;
    type SerializeMap = Parts;
    type SerializeStruct = Parts;
    type SerializeStructVariant = Parts;

    fn serialize_bool(self, v: bool) -> Result<Item, Failed> {
        Ok(Item::Bool(v))
    }
    fn serialize_i8(self, v: i8) -> Result<Item, Failed> {
        Ok(Item::Signed(v.into()))
    }
    fn serialize_i16(self, v: i16) -> Result<Item, Failed> {
        Ok(Item::Signed(v.into()))
    }
    fn serialize_i32(self, v: i32) -> Result<Item, Failed> {
        Ok(Item::Signed(v.into()))
    }
    fn serialize_i64(self, v: i64) -> Result<Item, Failed> {
        Ok(Item::Signed(v))
    }
    fn serialize_i128(self, v: i128) -> Result<Item, Failed> {
        let signed = i64::try_from(v).map(Item::Signed);
        signed.or_else(|_| u64::try_from(v).map(Item::Unsigned)).map_err(|_| Failed(format!("{v} needs more than 64 bits")))
    }
    fn serialize_u8(self, v: u8) -> Result<Item, Failed> {
        Ok(Item::Unsigned(v.into()))
    }
    fn serialize_u16(self, v: u16) -> Result<Item, Failed> {
        Ok(Item::Unsigned(v.into()))
    }
    fn serialize_u32(self, v: u32) -> Result<Item, Failed> {
        Ok(Item::Unsigned(v.into()))
    }
    fn serialize_u64(self, v: u64) -> Result<Item, Failed> {
        Ok(Item::Unsigned(v))
    }
    fn serialize_u128(self, v: u128) -> Result<Item, Failed> {
        u64::try_from(v).map(Item::Unsigned).map_err(|_| Failed(format!("{v} needs more than 64 bits")))
    }
    fn serialize_f32(self, v: f32) -> Result<Item, Failed> {
        Ok(Item::Float(v.into()))
    }
    fn serialize_f64(self, v: f64) -> Result<Item, Failed> {
        Ok(Item::Float(v))
    }
    fn serialize_char(self, v: char) -> Result<Item, Failed> {
        Ok(Item::Char(v))
    }
    fn serialize_str(self, v: &str) -> Result<Item, Failed> {
        Ok(Item::Text(v.to_owned()))
    }
    fn serialize_bytes(self, v: &[u8]) -> Result<Item, Failed> {
        Ok(Item::Bytes(v.to_vec()))
    }
    fn serialize_none(self) -> Result<Item, Failed> {
        Ok(Item::Nothing)
    }
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Item, Failed> {
        value.serialize(self)
    }
    fn serialize_unit(self) -> Result<Item, Failed> {
        Ok(Item::Nothing)
    }
    fn serialize_unit_struct(self, _name: &'static str) -> Result<Item, Failed> {
        Ok(Item::Nothing)
    }
    fn serialize_unit_variant(self, _name: &'static str, _index: u32, variant: &'static str) -> Result<Item, Failed> {
        Ok(Item::Text(variant.to_owned()))
    }
    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _name: &'static str, value: &T) -> Result<Item, Failed> {
        value.serialize(self)
    }
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Item, Failed> {
        Ok(named(Some(variant), value.serialize(self)?))
    }
    fn serialize_seq(self, _length: Option<usize>) -> Result<Parts, Failed> {
        Ok(Parts::default())
    }
    fn serialize_tuple(self, _length: usize) -> Result<Parts, Failed> {
        Ok(Parts::default())
    }
    fn serialize_tuple_struct(self, _name: &'static str, _length: usize) -> Result<Parts, Failed> {
        Ok(Parts::default())
    }
    fn serialize_tuple_variant(self, _name: &'static str, _index: u32, variant: &'static str, _length: usize) -> Result<Parts, Failed> {
        Ok(Parts::of_variant(variant))
    }
    fn serialize_map(self, _length: Option<usize>) -> Result<Parts, Failed> {
        Ok(Parts::default())
    }
    fn serialize_struct(self, _name: &'static str, _length: usize) -> Result<Parts, Failed> {
        Ok(Parts::default())
    }
    fn serialize_struct_variant(self, _name: &'static str, _index: u32, variant: &'static str, _length: usize) -> Result<Parts, Failed> {
        Ok(Parts::of_variant(variant))
    }
}

impl ser::SerializeSeq for Parts {
    type Ok = Item;
    type Error = Failed;
    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Failed> {
        self.add(value)
    }
    fn end(self) -> Result<Item, Failed> {
        Ok(Item::List(self.items))
    }
}

impl ser::SerializeTuple for Parts {
    type Ok = Item;
    type Error = Failed;
    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Failed> {
        self.add(value)
    }
    fn end(self) -> Result<Item, Failed> {
        Ok(Item::Tuple(self.items))
    }
}

impl ser::SerializeTupleStruct for Parts {
    type Ok = Item;
    type Error = Failed;
    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Failed> {
        self.add(value)
    }
    fn end(self) -> Result<Item, Failed> {
        Ok(Item::Tuple(self.items))
    }
}

impl ser::SerializeTupleVariant for Parts {
    type Ok = Item;
    type Error = Failed;
    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Failed> {
        self.add(value)
    }
    fn end(self) -> Result<Item, Failed> {
        Ok(named(self.variant, Item::Tuple(self.items)))
    }
}

impl ser::SerializeMap for Parts {
    type Ok = Item;
    type Error = Failed;
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Failed> {
        self.key = Some(key.serialize(Taker)?);
        Ok(())
    }
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Failed> {
        let key = self.key.take().ok_or_else(|| Failed("a map has a value without a key".to_owned()))?;
        self.entries.push((key, value.serialize(Taker)?));
        Ok(())
    }
    fn end(self) -> Result<Item, Failed> {
        Ok(Item::Map(self.entries))
    }
}

impl ser::SerializeStruct for Parts {
    type Ok = Item;
    type Error = Failed;
    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Failed> {
        self.field(name, value)
    }
    fn end(self) -> Result<Item, Failed> {
        Ok(Item::Map(self.entries))
    }
}

impl ser::SerializeStructVariant for Parts {
    type Ok = Item;
    type Error = Failed;
    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Failed> {
        self.field(name, value)
    }
    fn end(self) -> Result<Item, Failed> {
        Ok(named(self.variant, Item::Map(self.entries)))
    }
}
