//! Reads a pipeline file into a [`Draft`], and collects everything that is wrong with its form.

use schemars::JsonSchema;

use crate::parse::document::{Item, Key, Value, parse};
use crate::parse::fault::{Fault, Origin, remedy};
use crate::parse::file::{About, InputTable, NodeTable, PipelineFile, keys};

/// A pipeline file before parameters are put in and nodes expanded.
#[derive(Clone, Debug, Default)]
pub(crate) struct Draft {
    pub(crate) name: Option<String>,
    pub(crate) params: Vec<(Key, Item)>,
    pub(crate) inputs: Vec<DraftInput>,
    pub(crate) nodes: Vec<DraftNode>,
}

/// A `[input.NAME]`.
#[derive(Clone, Debug)]
pub(crate) struct DraftInput {
    pub(crate) key: Key,
    pub(crate) path: Item,
}

/// A `[node.NAME]`.
#[derive(Clone, Debug)]
pub(crate) struct DraftNode {
    pub(crate) key: Key,
    /// `None` where there is no legible one, which is a fault already.
    pub(crate) run: Option<Item>,
    /// Port and source, in order.
    pub(crate) from: Vec<(Key, Item)>,
    /// Whether a part of `from` was not legible, which is a fault already.
    pub(crate) lost: bool,
    pub(crate) args: Vec<(Key, Item)>,
    pub(crate) seed: Option<Item>,
    pub(crate) skip_bad: Option<Item>,
    pub(crate) threads: Option<Item>,
    pub(crate) each: Vec<(Key, Item)>,
    pub(crate) pipe: bool,
    pub(crate) export: Option<Item>,
    pub(crate) show: Option<Item>,
}

/// Reads the text of a pipeline file.
pub(crate) fn read(text: &str, faults: &mut Vec<Fault>) -> Draft {
    let mut draft = Draft::default();
    let document = parse(text, faults);
    let mut root = Table::new::<PipelineFile>("the file", document, faults);
    if let Some((_, table)) = root.table("pipeline", faults) {
        let mut about = Table::new::<About>("[pipeline]", table, faults);
        draft.name = about.text("name", faults).map(|item| item.value.to_string());
        about.text("description", faults);
    }
    if let Some((_, table)) = root.table("params", faults) {
        flatten("", table, &mut draft.params);
    }
    for (key, item) in root.table("input", faults).map(|(_, table)| table).unwrap_or_default() {
        let Some(table) = expect_table(&format!("input `{}`", key.name), item, faults) else { continue };
        check_name("input", &key, faults);
        let what = format!("input `{}`", key.name);
        let mut table = Table::new::<InputTable>(&what, table, faults);
        if let Some(path) = table.required("path", "the file or folder to read", &key, faults) {
            draft.inputs.push(DraftInput { key, path });
        }
    }
    for (key, item) in root.table("node", faults).map(|(_, table)| table).unwrap_or_default() {
        let Some(table) = expect_table(&format!("node `{}`", key.name), item, faults) else { continue };
        check_name("node", &key, faults);
        if let Some(input) = draft.inputs.iter().find(|input| input.key.name == key.name) {
            let text = format!(
                "node `{}` has the name of an input ({}): rename one",
                key.name,
                at(&input.key.origin)
            );
            faults.push(Fault::new(&key.origin, text));
        }
        draft.nodes.push(node(key, table, faults));
    }
    if draft.nodes.is_empty() && faults.is_empty() {
        let text = "there is no node: add [node.NAME] with run = \"STAGE\"";
        faults.push(Fault::new(&Origin::Line(1), text));
    }
    draft
}

fn node(key: Key, table: Vec<(Key, Item)>, faults: &mut Vec<Fault>) -> DraftNode {
    let what = format!("node `{}`", key.name);
    let mut table = Table::new::<NodeTable>(&what, table, faults);
    let run = table.required("run", "the stage to run", &key, faults);
    let before = faults.len();
    let from = table.take("from").map(|(key, item)| sources(&what, &key, item, faults)).unwrap_or_default();
    let lost = faults.len() > before;
    let args = table.table("args", faults).map(|(_, table)| table).unwrap_or_default();
    let args = args.into_iter().map(|(key, item)| (Key { name: key.name.replace('-', "_"), ..key }, item));
    let args: Vec<(Key, Item)> = args.collect();
    for (index, (key, _)) in args.iter().enumerate() {
        if args[..index].iter().any(|(earlier, _)| earlier.name == key.name) {
            faults.push(Fault::new(&key.origin, format!("{what}: argument `{}` is there twice", key.name)));
        }
    }
    let node = DraftNode {
        run,
        from,
        lost,
        args,
        seed: table.take("seed").map(|(_, item)| item),
        skip_bad: table.take("skip_bad").map(|(_, item)| item),
        threads: table.take("threads").map(|(_, item)| item),
        each: table.table("for", faults).map(|(_, table)| table).unwrap_or_default(),
        pipe: table.boolean("pipe", faults).unwrap_or(false),
        export: table.text("export", faults),
        show: table.take("show").map(|(_, item)| item),
        key,
    };
    if let Some(Item { origin, value }) = &node.show
        && !matches!(value, Value::Text(_) | Value::Boolean(_))
    {
        let text = format!("{what}: `show` is {}; it should be true or a path in the output", value.kind());
        faults.push(Fault::new(origin, text));
    }
    node
}

/// `"a"`, `["a", "b"]` or `{ port = … }` as pairs of port and source.
fn sources(what: &str, key: &Key, item: Item, faults: &mut Vec<Fault>) -> Vec<(Key, Item)> {
    let port = |name: &str, origin: &Origin| Key { origin: origin.clone(), name: name.to_owned() };
    let mut pairs = Vec::new();
    let ports = match item.value {
        Value::Table(ports) => ports,
        _ => vec![(port("in", &key.origin), item)],
    };
    for (key, item) in ports {
        let items = match item.value {
            Value::List(items) => items,
            _ => vec![item],
        };
        for item in items {
            if matches!(item.value, Value::Text(_)) {
                pairs.push((port(&key.name, &item.origin), item));
            } else {
                let kind = item.value.kind();
                let text =
                    format!("{what}: a source of port `{}` is {kind}; name a node or an input", key.name);
                faults.push(Fault::new(&item.origin, text));
            }
        }
    }
    pairs
}

/// Dotted names of the parameters: `data.root = 1` and `[params.data] root = 1` are the same to TOML.
fn flatten(prefix: &str, table: Vec<(Key, Item)>, params: &mut Vec<(Key, Item)>) {
    for (key, item) in table {
        let name = format!("{prefix}{}", key.name);
        match item.value {
            Value::Table(table) => flatten(&format!("{name}."), table, params),
            _ => params.push((Key { name, ..key }, item)),
        }
    }
}

fn check_name(what: &str, key: &Key, faults: &mut Vec<Fault>) {
    let legal = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_');
    if key.name.is_empty() || !key.name.chars().all(legal) {
        let text = format!("{what} `{}`: a name is made of letters, digits, `-` and `_`", key.name);
        faults.push(Fault::new(&key.origin, text));
    }
}

fn expect_table(what: &str, item: Item, faults: &mut Vec<Fault>) -> Option<Vec<(Key, Item)>> {
    match item.value {
        Value::Table(table) => Some(table),
        value => {
            faults
                .push(Fault::new(&item.origin, format!("{what} is {}; it should be a table", value.kind())));
            None
        }
    }
}

/// `line 3`.
pub(crate) fn at(origin: &Origin) -> String {
    match origin {
        Origin::Line(line) => format!("line {line}"),
        Origin::Flag(flag) => format!("--set {flag}"),
    }
}

/// A table of known keys that is taken apart.
struct Table<'a> {
    what: &'a str,
    entries: Vec<(Key, Item)>,
}

impl<'a> Table<'a> {
    /// Finds the keys that `T` does not know.
    fn new<T: JsonSchema>(what: &'a str, entries: Vec<(Key, Item)>, faults: &mut Vec<Fault>) -> Table<'a> {
        let known = keys::<T>();
        for (key, _) in &entries {
            if !known.contains(&key.name) {
                let remedy = remedy(&key.name, known.iter().map(String::as_str));
                faults.push(Fault::new(&key.origin, format!("{what} has no `{}`{remedy}", key.name)));
            }
        }
        Table { what, entries }
    }

    fn take(&mut self, name: &str) -> Option<(Key, Item)> {
        let index = self.entries.iter().position(|(key, _)| key.name == name)?;
        Some(self.entries.remove(index))
    }

    fn table(&mut self, name: &str, faults: &mut Vec<Fault>) -> Option<(Key, Vec<(Key, Item)>)> {
        let (key, item) = self.take(name)?;
        let what =
            if self.what == "the file" { format!("[{name}]") } else { format!("{}: `{name}`", self.what) };
        Some((key, expect_table(&what, item, faults)?))
    }

    fn text(&mut self, name: &str, faults: &mut Vec<Fault>) -> Option<Item> {
        let (_, item) = self.take(name)?;
        if matches!(item.value, Value::Text(_)) {
            return Some(item);
        }
        self.wrong(name, &item, "a string", faults);
        None
    }

    fn boolean(&mut self, name: &str, faults: &mut Vec<Fault>) -> Option<bool> {
        let (_, item) = self.take(name)?;
        if let Value::Boolean(truth) = item.value {
            return Some(truth);
        }
        self.wrong(name, &item, "true or false", faults);
        None
    }

    fn required(&mut self, name: &str, about: &str, key: &Key, faults: &mut Vec<Fault>) -> Option<Item> {
        if !self.entries.iter().any(|(key, _)| key.name == name) {
            let text = format!("{} has no `{name}`: {about}", self.what);
            faults.push(Fault::new(&key.origin, text));
        }
        self.text(name, faults)
    }

    fn wrong(&self, name: &str, item: &Item, wanted: &str, faults: &mut Vec<Fault>) {
        let text = format!("{}: `{name}` is {}; it should be {wanted}", self.what, item.value.kind());
        faults.push(Fault::new(&item.origin, text));
    }
}
