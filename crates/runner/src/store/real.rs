//! Real paths: where a path leads when every link and every `..` in it is followed, whether anything is there or not.

use std::io;
use std::path::{Component, Path, PathBuf};

use fs_err as fs;

/// Links that lead to links further than this are taken to lead in a circle, as the kernel does.
const DEPTH: usize = 40;

/// The real path of `path`.
pub(crate) fn real(path: &Path) -> io::Result<PathBuf> {
    follow(path, DEPTH)
}

fn follow(path: &Path, depth: usize) -> io::Result<PathBuf> {
    let mut real = PathBuf::new();
    for component in std::path::absolute(path)?.components() {
        match component {
            Component::CurDir => {}
            // What is before it has no links any more, so that it is the folder above.
            Component::ParentDir => drop(real.pop()),
            Component::Prefix(_) | Component::RootDir => real.push(component),
            Component::Normal(name) => {
                let link = fs::read_link(real.join(name)).ok().filter(|_| depth > 0);
                real = match link {
                    Some(target) => follow(&real.join(target), depth - 1)?,
                    None => real.join(name),
                };
            }
        }
    }
    Ok(real)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn follows_links_and_dots_also_to_what_is_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(folder.path()).unwrap();
        let real = |path: &str| super::real(&root.join(path)).unwrap();
        fs::create_dir_all(root.join("a/b")).unwrap();
        symlink("a/b", root.join("link")).unwrap();
        symlink("../nowhere", root.join("a/dangling")).unwrap();
        symlink("circle", root.join("circle")).unwrap();
        assert_eq!(real("./a//x/../y"), root.join("a/y"));
        assert_eq!(real("link/x"), root.join("a/b/x"));
        // The folder above a link is that above what it leads to.
        assert_eq!(real("link/../x"), root.join("a/x"));
        assert_eq!(real("a/dangling/x"), root.join("nowhere/x"));
        assert_eq!(real("circle"), root.join("circle"));
        assert!(super::real(Path::new("")).is_err());
    }
}
