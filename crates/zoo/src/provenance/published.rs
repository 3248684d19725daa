//! The table of published weights.

use std::sync::LazyLock;

use checkpoint::Normalisation;

/// Weights that somebody published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Published {
    /// The encoder's name in the zoo.
    pub encoder: &'static str,
    /// The library in whose layout they are.
    pub library: &'static str,
    /// What their publisher calls them; `owner/name` is a repository of the hub.
    pub name: &'static str,
    /// How images were normalised when they were trained.
    pub normalisation: Normalisation,
    /// The licence, where a table of the publisher's names it.
    pub licence: Option<&'static str>,
    /// The first digits of the file's SHA-256, where the publisher names them.
    digest: Option<&'static str>,
}

/// The published weights of a repository in the hub, or of a file with this SHA-256.
pub fn published(repository: Option<&str>, sha256: &str) -> Option<&'static Published> {
    let by_repository = TABLE.iter().find(|row| repository == Some(row.name));
    let mut by_digest: Vec<&Published> =
        TABLE.iter().filter(|row| row.digest.is_some_and(|digest| sha256.starts_with(digest))).collect();
    // Of a file that more than one publishes, who made it: the others name a repository.
    by_digest.sort_by_key(|row| row.name.contains('/'));
    by_repository.or(by_digest.first().copied())
}

/// How images were normalised for all published weights of this encoder in the layout of these libraries; none where
/// there are none, or some need another normalisation.
pub fn agreed_normalisation(encoder: &str, libraries: &[&str]) -> Option<Normalisation> {
    let mut rows = TABLE.iter().filter(|row| row.encoder == encoder && libraries.contains(&row.library));
    let first = rows.next()?.normalisation;
    rows.all(|row| row.normalisation == first).then_some(first)
}

static TABLE: LazyLock<Vec<Published>> = LazyLock::new(|| {
    let rows = include_str!("published.tsv").lines().skip(1);
    rows.map(|line| row(line).unwrap_or_else(|| panic!("published.tsv has the row {line:?}"))).collect()
});

fn row(line: &'static str) -> Option<Published> {
    let fields: Vec<&str> = line.split('\t').collect();
    let [encoder, library, name, digest, normalisation, licence] = fields.try_into().ok()?;
    let known = |field: &'static str| (field != "-").then_some(field);
    let normalisation = match normalisation {
        "unit" => Normalisation::Unit,
        "imagenet" => Normalisation::Imagenet,
        "inception" => Normalisation::Inception,
        "clip" => Normalisation::Clip,
        _ => return None,
    };
    Some(Published { encoder, library, name, normalisation, licence: known(licence), digest: known(digest) })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeSet;

    use super::*;
    use crate::catalog;

    #[test]
    fn every_row_is_of_an_encoder_and_says_what_rows_of_the_same_file_say() {
        let encoders: BTreeSet<&str> = catalog::encoders().into_iter().collect();
        let mut seen = BTreeSet::new();
        for row in TABLE.iter() {
            assert!(encoders.contains(row.encoder), "{row:?}");
            assert!(seen.insert((row.encoder, row.name)), "{row:?} is there twice");
            let Some(digest) = row.digest else { continue };
            assert!(digest.len() == 8 && digest.chars().all(|digit| digit.is_ascii_hexdigit()), "{row:?}");
            let same = published(None, digest).unwrap();
            assert_eq!((same.encoder, same.normalisation), (row.encoder, row.normalisation), "{row:?}");
            assert_eq!(same.licence, row.licence, "{row:?}");
        }
        let without: Vec<&&str> =
            encoders.iter().filter(|name| !TABLE.iter().any(|row| row.encoder == **name)).collect();
        assert!(without.is_empty(), "no published weights are known for {without:?}");
    }

    #[test]
    fn weights_are_recognised_by_their_repository_and_by_their_digest() {
        let by_repository = published(Some("timm/resnet34.ra4_e3600_r224_in1k"), "").unwrap();
        assert_eq!(by_repository.normalisation, Normalisation::Inception);
        let by_digest =
            published(None, "f37072fd47e89c5e827621c5baffa7500819f7896bbacec160b1a16c560e07ec").unwrap();
        assert_eq!(by_digest.name, "torchvision ResNet18_Weights.IMAGENET1K_V1");
        assert_eq!(by_digest.licence, Some("bsd-3-clause"));
        assert_eq!(published(Some("somebody/resnet18"), "00"), None);
    }

    #[test]
    fn a_normalisation_is_said_only_where_all_published_weights_agree() {
        let ours: &[&str] = &["segmentation-models-pytorch", "timm", "torchvision"];
        let cases = [
            ("resnet50", ours, Some(Normalisation::Imagenet)),
            ("tu-xception71", &["timm"], Some(Normalisation::Inception)),
            // Adversarial training of EfficientNet had other images than all else.
            ("efficientnet-b0", ours, None),
            ("efficientnet-b0", &["torchvision"], Some(Normalisation::Imagenet)),
            ("tu-convnext_base", &["timm"], None),
            ("mit_b0", &["transformers"], Some(Normalisation::Imagenet)),
            ("resnet50", &[], None),
        ];
        for (encoder, libraries, expected) in cases {
            assert_eq!(agreed_normalisation(encoder, libraries), expected, "{encoder} of {libraries:?}");
        }
    }
}
