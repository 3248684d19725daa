//! The modules of a crate as a graph: which of them uses which, read from `use` declarations and paths in the source.
//!
//! A module and what is below it belong together: a folder's `mod.rs` names its files, and they take from it what they
//! share. A circle is one between siblings, at any level: `a` (or something in it) uses `b`, and `b` uses `a`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// A module's place: the names on the way from the crate's root, which is empty.
type Place = Vec<String>;

/// A crate's modules.
pub(crate) struct Modules {
    /// The words of each module's source.
    words: BTreeMap<Place, Vec<String>>,
    /// The paths that each module imports a name from, by this name.
    imports: BTreeMap<Place, BTreeMap<String, Vec<String>>>,
}

impl Modules {
    /// The modules of the crate whose sources are below `folder`.
    pub(crate) fn read(folder: &Path) -> Modules {
        let mut files = Vec::new();
        collect(folder, &mut Vec::new(), &mut files);
        Modules::of(files)
    }

    /// The modules with these places and sources.
    pub(crate) fn of(files: impl IntoIterator<Item = (Place, String)>) -> Modules {
        let words: BTreeMap<Place, Vec<String>> =
            files.into_iter().map(|(place, text)| (place, without_tests(words(&text)))).collect();
        let imports = words
            .iter()
            .map(|(place, words)| {
                let named = uses(words).into_iter().map(|Use { path, name }| (name, path));
                (place.clone(), named.collect())
            })
            .collect();
        Modules { words, imports }
    }

    /// Every circle: siblings that use each other, on the way through one another, in the order of their names.
    pub(crate) fn circles(&self) -> Vec<String> {
        let mut siblings: BTreeMap<Place, Graph> = BTreeMap::new();
        for (from, words) in &self.words {
            for path in paths(words) {
                let Some(to) = self.resolve(from, &path, 0) else { continue };
                let shared = from.iter().zip(&to).take_while(|(one, other)| one == other).count();
                if let (Some(user), Some(used)) = (from.get(shared), to.get(shared)) {
                    let below = siblings.entry(from[..shared].to_vec()).or_default();
                    below.entry(user.clone()).or_default().insert(used.clone());
                }
            }
        }
        siblings.iter().flat_map(|(parent, graph)| components(parent, graph)).collect()
    }

    /// The module in which what `path` names is defined, as `from` sees it; none where it is of another crate.
    fn resolve(&self, from: &Place, path: &[String], depth: usize) -> Option<Place> {
        let mut at = match path.first()?.as_str() {
            "crate" => Place::new(),
            "self" | "super" => from.clone(),
            child if self.words.contains_key(&joined(from, child)) => joined(from, child),
            _ => return None,
        };
        for (position, word) in path.iter().enumerate() {
            match word.as_str() {
                "crate" | "self" => {}
                "super" => drop(at.pop()),
                _ if position == 0 => {}
                child if self.words.contains_key(&joined(&at, child)) => at = joined(&at, child),
                name => {
                    let imported = self.imports.get(&at).and_then(|imports| imports.get(name));
                    let further = imported.filter(|_| depth < 8);
                    return Some(further.and_then(|path| self.resolve(&at, path, depth + 1)).unwrap_or(at));
                }
            }
        }
        Some(at)
    }
}

fn joined(place: &[String], child: &str) -> Place {
    place.iter().cloned().chain([child.to_owned()]).collect()
}

/// Who uses whom.
type Graph = BTreeMap<String, BTreeSet<String>>;

/// All that `from` uses, directly and on the way.
fn reached<'a>(graph: &'a Graph, from: &'a String) -> BTreeSet<&'a String> {
    let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(name) = open.pop() {
        open.extend(graph.get(name).into_iter().flatten().filter(|next| seen.insert(*next)));
    }
    seen
}

/// Circles among siblings below `parent`.
fn components(parent: &[String], graph: &Graph) -> Vec<String> {
    let reach: BTreeMap<&String, BTreeSet<&String>> =
        graph.keys().map(|name| (name, reached(graph, name))).collect();
    let circle = |name: &String| -> Vec<&str> {
        let back = reach[name].iter().filter(|other| reach.get(*other).is_some_and(|on| on.contains(name)));
        back.map(|other| other.as_str()).collect()
    };
    let circles: BTreeSet<Vec<&str>> =
        graph.keys().map(circle).filter(|members| !members.is_empty()).collect();
    let prefix: String = parent.iter().map(|name| format!("{name}::")).collect();
    circles.into_iter().map(|members| format!("{prefix}{{{}}}", members.join(", "))).collect()
}

/// Sources below a folder by their module's place.
fn collect(folder: &Path, place: &mut Place, files: &mut Vec<(Place, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            place.push(name);
            collect(&path, place, files);
            place.pop();
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let root = ["mod", "lib", "main"].contains(&name.as_str());
            let at = if root { place.clone() } else { joined(place, &name) };
            files.push((at, fs::read_to_string(&path).unwrap()));
        }
    }
}

/// A name that a `use` declaration brings, and where from.
struct Use {
    path: Vec<String>,
    name: String,
}

/// What the `use` declarations among these words bring.
fn uses(words: &[String]) -> Vec<Use> {
    let mut found = Vec::new();
    for (at, _) in words.iter().enumerate().filter(|(_, word)| *word == "use") {
        tree(words, at + 1, &[], &mut |path, name| {
            found.push(Use { path: path.to_vec(), name: name.to_owned() });
        });
    }
    found
}

/// Every path that begins with `crate` or `super`, in declarations and elsewhere.
fn paths(words: &[String]) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let begins = word == "crate" || word == "super";
        let goes_on = at > 0 && words[at - 1] == "::";
        if begins && !goes_on && words.get(at + 1).is_some_and(|next| next == "::") {
            tree(words, at, &[], &mut |path, _| found.push(path.to_vec()));
        }
    }
    found
}

/// Tells `each` path of the tree at `at`, and the name that it has here; the place after the tree.
fn tree(words: &[String], mut at: usize, before: &[String], each: &mut dyn FnMut(&[String], &str)) -> usize {
    let mut path = before.to_vec();
    loop {
        match words.get(at).map(String::as_str) {
            Some("{") => {
                at += 1;
                while words.get(at).is_some_and(|word| word != "}") {
                    at = tree(words, at, &path, each);
                    at += usize::from(words.get(at).is_some_and(|word| word == ","));
                }
                return at + 1;
            }
            Some("*") => {
                each(&path, "*");
                return at + 1;
            }
            Some(word) if word.starts_with(|c: char| c.is_alphabetic() || c == '_') => {
                path.push(word.to_owned());
                at += 1;
            }
            // Something that is no path, such as a type in angle brackets.
            _ => {
                each(&path, path.last().map_or("", String::as_str));
                return at + 1;
            }
        }
        if words.get(at).is_some_and(|word| word == "::") {
            at += 1;
            continue;
        }
        let renamed = words.get(at).is_some_and(|word| word == "as");
        let name = if renamed { words.get(at + 1) } else { path.last() };
        each(&path, name.map_or("", String::as_str));
        return at + 2 * usize::from(renamed);
    }
}

/// The words and signs of a source, without comments and without what is in quotation marks.
fn words(text: &str) -> Vec<String> {
    let signs: Vec<char> = text.chars().collect();
    let (mut found, mut at) = (Vec::new(), 0);
    let find = |from: usize, end: &str| -> usize {
        let end: Vec<char> = end.chars().collect();
        (from..signs.len()).find(|&at| signs[at..].starts_with(&end)).map_or(signs.len(), |at| at + end.len())
    };
    while let Some(&sign) = signs.get(at) {
        let next = signs.get(at + 1).copied();
        match (sign, next) {
            ('/', Some('/')) => at = find(at, "\n"),
            ('/', Some('*')) => at = find(at, "*/"),
            ('"', _) => {
                at += 1;
                while signs.get(at).is_some_and(|&sign| sign != '"') {
                    at += 1 + usize::from(signs[at] == '\\');
                }
                at += 1;
            }
            ('r', Some('"' | '#')) if !found_word_before(&signs, at) => {
                let hashes = signs[at + 1..].iter().take_while(|&&sign| sign == '#').count();
                if signs.get(at + 1 + hashes) == Some(&'"') {
                    at = find(at + 2 + hashes, &format!("\"{}", "#".repeat(hashes)));
                } else {
                    at += 1 + hashes;
                }
            }
            // A character, not a lifetime.
            ('\'', Some('\\')) => at = find(at + 3, "'"),
            ('\'', _) if signs.get(at + 2) == Some(&'\'') => at += 3,
            (':', Some(':')) => {
                found.push("::".to_owned());
                at += 2;
            }
            _ if sign.is_alphanumeric() || sign == '_' => {
                let word: String =
                    signs[at..].iter().take_while(|sign| sign.is_alphanumeric() || **sign == '_').collect();
                at += word.chars().count();
                found.push(word);
            }
            _ => {
                if !sign.is_whitespace() {
                    found.push(sign.to_string());
                }
                at += 1;
            }
        }
    }
    found
}

fn found_word_before(signs: &[char], at: usize) -> bool {
    at > 0 && (signs[at - 1].is_alphanumeric() || signs[at - 1] == '_')
}

/// The words without those of modules for tests.
fn without_tests(words: Vec<String>) -> Vec<String> {
    let attribute = ["#", "[", "cfg", "(", "test", ")", "]"];
    let (mut kept, mut at) = (Vec::new(), 0);
    while at < words.len() {
        if !words[at..].iter().map(String::as_str).take(attribute.len()).eq(attribute) {
            kept.push(words[at].clone());
            at += 1;
            continue;
        }
        // To the end of the item: the first semicolon, or the brace that closes the first that opens.
        let mut depth = 0;
        while let Some(word) = words.get(at) {
            depth += i32::from(word == "{") - i32::from(word == "}");
            at += 1;
            if depth == 0 && (word == ";" || word == "}") {
                break;
            }
        }
    }
    kept
}

#[test]
fn circles_are_found_and_nothing_else_is() {
    let circles = |files: &[(&str, &str)]| {
        let files = files.iter().map(|(place, text)| {
            let place = place.split("::").filter(|name| !name.is_empty()).map(str::to_owned);
            (place.collect(), (*text).to_owned())
        });
        Modules::of(files.collect::<Vec<_>>()).circles()
    };
    // Directly, by a path in an expression, and through a name that the parent passes on.
    assert_eq!(circles(&[("a", "use crate::b::X;"), ("b", "fn f() { crate::a::g() }")]), ["{a, b}"]);
    assert_eq!(
        circles(&[
            ("", "pub use b::{self as c, Deep};"),
            ("a", "use super::Deep;"),
            ("b", "use super::{a::X};")
        ]),
        ["{a, b}"]
    );
    // Of three; a fourth that only looks on is none of it.
    let three =
        [("a", "use crate::b;"), ("b", "use crate::c;"), ("c", "use crate::a;"), ("d", "use crate::a;")];
    assert_eq!(circles(&three), ["{a, b, c}"]);
    // Between folders by what is in them, and within one.
    let folders = [("a", ""), ("a::x", "use crate::b::y::Y;"), ("b", ""), ("b::y", "use crate::a::x::X;")];
    assert_eq!(circles(&folders), ["{a, b}"]);
    let within = [("a", "mod x; mod y;"), ("a::x", "use super::y::Y;"), ("a::y", "use crate::a::x::X;")];
    assert_eq!(circles(&within), ["a::{x, y}"]);
    // A parent and its children, tests, comments and texts are no edges.
    assert!(circles(&[("a", "use x::X;"), ("a::x", "use super::Y;")]).is_empty());
    let words = "/* crate::a */ // crate::a\nconst A: &str = \"crate::a\"; fn f<'a>(c: char) { c == '\"'; r#\"crate::a\"# }";
    let test = "#[cfg(test)] mod tests { use crate::a; fn f() {} } fn g() {}";
    assert!(circles(&[("a", "use crate::b;"), ("b", words)]).is_empty());
    assert!(circles(&[("a", "use crate::b;"), ("b", test)]).is_empty());
    assert_eq!(circles(&[("a", "use crate::b;"), ("b", &format!("{test} use crate::a;"))]), ["{a, b}"]);
}
