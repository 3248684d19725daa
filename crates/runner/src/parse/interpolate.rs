//! `{name}` in strings: what parameters and variables of `for` stand for.

use crate::parse::document::{Item, Key, Value};
use crate::parse::fault::{Fault, Origin, remedy};

/// Names and what they stand for.
#[derive(Debug)]
pub(crate) struct Scope<'a> {
    params: &'a [(Key, Item)],
    variables: &'a [(String, Value)],
}

impl<'a> Scope<'a> {
    /// A scope of parameters.
    pub(crate) fn new(params: &'a [(Key, Item)]) -> Scope<'a> {
        Scope { params, variables: &[] }
    }

    /// This scope with the variables of an expansion.
    pub(crate) fn with(&self, variables: &'a [(String, Value)]) -> Scope<'a> {
        Scope { params: self.params, variables }
    }

    /// The value with everything put in that it names; `what` says whose it is.
    pub(crate) fn fill(&self, item: &Item, what: &str, faults: &mut Vec<Fault>) -> Item {
        let value = match &item.value {
            Value::Text(text) => self.text(text, item, what, faults),
            Value::List(items) => {
                Value::List(items.iter().map(|item| self.fill(item, what, faults)).collect())
            }
            Value::Table(entries) => Value::Table(
                entries.iter().map(|(key, item)| (key.clone(), self.fill(item, what, faults))).collect(),
            ),
            other => other.clone(),
        };
        Item { origin: self.origin(item), value }
    }

    /// Where a value was written: on the command line, where it is nothing but a parameter that was set there.
    fn origin(&self, item: &Item) -> Origin {
        let whole = match &item.value {
            Value::Text(text) => text.strip_prefix('{').and_then(|text| text.strip_suffix('}')),
            _ => None,
        };
        let param = whole.and_then(|name| self.params.iter().find(|(key, _)| key.name == name));
        let set = param.map(|(_, item)| &item.origin).filter(|origin| matches!(origin, Origin::Flag(_)));
        set.unwrap_or(&item.origin).clone()
    }

    fn text(&self, text: &str, item: &Item, what: &str, faults: &mut Vec<Fault>) -> Value {
        let mut filled = String::new();
        let mut rest = text;
        while let Some(brace) = rest.find(['{', '}']) {
            filled.push_str(&rest[..brace]);
            let character = &rest[brace..=brace];
            rest = &rest[brace + 1..];
            if let Some(after) = rest.strip_prefix(character) {
                // `{{` and `}}` stand for one brace.
                filled.push_str(character);
                rest = after;
                continue;
            }
            let end = rest.find('}').filter(|_| character == "{");
            let Some(end) = end else {
                let text =
                    format!("{what}: a brace without its partner in \"{text}\"; write {{{{ or }}}} for one");
                faults.push(Fault::new(&item.origin, text));
                return Value::Text(filled);
            };
            let name = &rest[..end];
            let Some(value) = self.look_up(name) else {
                let variables = self.variables.iter().map(|(name, _)| name.as_str());
                let known = variables.chain(self.params.iter().map(|(key, _)| key.name.as_str()));
                let text = format!("{what}: there is no parameter `{name}`{}", remedy(name, known));
                faults.push(Fault::new(&item.origin, text));
                return Value::Text(filled);
            };
            rest = &rest[end + 1..];
            if text.len() == name.len() + 2 {
                return value.clone();
            }
            filled.push_str(&value.to_string());
        }
        filled.push_str(rest);
        Value::Text(filled)
    }

    fn look_up(&self, name: &str) -> Option<&Value> {
        let variable = self.variables.iter().find(|(known, _)| known == name).map(|(_, value)| value);
        let param = || self.params.iter().find(|(key, _)| key.name == name).map(|(_, item)| &item.value);
        variable.or_else(param)
    }
}

/// Whether `{name}` is anywhere in the value's strings.
pub(crate) fn names(value: &Value, name: &str) -> bool {
    match value {
        Value::Text(text) => text.contains(&format!("{{{name}}}")),
        Value::List(items) => items.iter().any(|item| names(&item.value, name)),
        Value::Table(entries) => entries.iter().any(|(_, item)| names(&item.value, name)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(text: &str) -> (Value, Vec<Fault>) {
        let origin = Origin::Line(1);
        let item = |value| Item { origin: origin.clone(), value };
        let params = [(Key { origin: origin.clone(), name: "size".to_owned() }, item(Value::Integer(256)))];
        let variables = [("model".to_owned(), Value::Text("unet".to_owned()))];
        let mut faults = Vec::new();
        let scope = Scope::new(&params);
        let filled = scope.with(&variables).fill(&item(Value::Text(text.to_owned())), "x", &mut faults);
        (filled.value, faults)
    }

    #[test]
    fn fills_strings() {
        assert_eq!(fill("{size}"), (Value::Integer(256), vec![]));
        assert_eq!(fill("{model}-{size}"), (Value::Text("unet-256".to_owned()), vec![]));
        assert_eq!(fill("{{{size}}}"), (Value::Text("{256}".to_owned()), vec![]));
    }

    #[test]
    fn tells_what_is_unknown() {
        assert_eq!(fill("{modle}").1[0].text, "x: there is no parameter `modle`; did you mean `model`?");
        assert!(fill("{size").1[0].text.contains("without its partner"));
    }
}
