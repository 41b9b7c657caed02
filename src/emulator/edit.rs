//! Changes to JSON values at a JSON pointer (RFC 6901): how faults are put into a message.

use serde_json::Value;

/// Puts a value at the pointer: replaces what is there, or adds a property to the object above.
/// Does nothing where there is no such object.
pub(super) fn set(body: &mut Value, pointer: &str, value: impl Into<Value>) {
    if let Some((object, key)) = parent(body, pointer) {
        object.insert(key, value.into());
    } else if let Some(place) = body.pointer_mut(pointer) {
        *place = value.into();
    }
}

/// Replaces what is at the pointer; does nothing where nothing is.
pub(super) fn replace(body: &mut Value, pointer: &str, value: impl Into<Value>) {
    if let Some(place) = body.pointer_mut(pointer) {
        *place = value.into();
    }
}

/// Takes the property at the pointer away, the order of the others kept.
pub(super) fn remove(body: &mut Value, pointer: &str) -> Option<Value> {
    let (object, key) = parent(body, pointer)?;
    object.shift_remove(&key)
}

/// The object that holds the property at the pointer, and the property's name.
fn parent<'v>(
    body: &'v mut Value,
    pointer: &str,
) -> Option<(&'v mut serde_json::Map<String, Value>, String)> {
    let (above, key) = pointer.rsplit_once('/')?;
    let object = body.pointer_mut(above)?.as_object_mut()?;
    Some((object, key.replace("~1", "/").replace("~0", "~")))
}

/// Calls the function on each object of the value, the innermost first: what it adds is not
/// visited.
pub(super) fn each_object(
    value: &mut Value,
    change: &mut impl FnMut(&mut serde_json::Map<String, Value>),
) {
    match value {
        Value::Object(object) => {
            object.values_mut().for_each(|v| each_object(v, change));
            change(object);
        }
        Value::Array(items) => items.iter_mut().for_each(|v| each_object(v, change)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_property_is_replaced_added_and_taken_away() {
        let mut body = json!({"a": [{"b": 1, "c": 2}]});
        set(&mut body, "/a/0/b", "x");
        set(&mut body, "/a/0/d", 3);
        set(&mut body, "/no/such", 3);
        assert_eq!(remove(&mut body, "/a/0/c"), Some(json!(2)));
        assert_eq!(remove(&mut body, "/a/0/c"), None);
        assert_eq!(body, json!({"a": [{"b": "x", "d": 3}]}));
        set(&mut body, "/a/0", 7);
        set(&mut body, "", 8);
        assert_eq!(body, json!(8));
    }
}
