//! Every transform is documented, has the defaults that it says, and is the same when written and read again.
#![allow(clippy::unwrap_used)]

use augment::Recipe;
use serde_json::Value;

fn schema() -> Value {
    schemars::schema_for!(Recipe).to_value()
}

/// The schema of each transform, by its name.
fn transforms() -> Vec<(String, Value)> {
    let schema = schemars::schema_for!(augment::recipe::Transform).to_value();
    let entries = schema["oneOf"].as_array().unwrap();
    entries
        .iter()
        .map(|entry| (entry["properties"]["name"]["const"].as_str().unwrap().to_owned(), entry.clone()))
        .collect()
}

/// A recipe of a transform of this name with no other keys than it must have.
fn least(name: &str) -> String {
    let keys = match name {
        "CropAndPad" => "percent = [-0.1, 0.1]\n",
        "OneOf" | "SomeOf" | "Sequential" => "transforms = [{ name = \"InvertImg\" }]\n",
        _ => "",
    };
    format!("[[transforms]]\nname = \"{name}\"\n{keys}")
}

#[test]
fn each_transform_and_each_of_its_parameters_is_documented() {
    let transforms = transforms();
    assert_eq!(transforms.len(), 29);
    for (name, schema) in transforms {
        assert!(schema["description"].as_str().is_some_and(|text| text.ends_with('.')), "{name}: {schema}");
        for (key, parameter) in schema["properties"].as_object().unwrap() {
            let documented = parameter["description"].as_str().is_some_and(|text| !text.is_empty());
            assert!(key == "name" || documented, "{name}: {key}");
        }
    }
}

#[test]
fn each_transform_is_the_same_when_it_is_written_and_read_again() {
    for (name, schema) in transforms() {
        let recipe = Recipe::parse(&least(&name)).unwrap();
        let text = toml::to_string(&recipe).unwrap();
        assert_eq!(Recipe::parse(&text).unwrap(), recipe, "{text}");
        let json = serde_json::to_value(&recipe).unwrap();
        assert_eq!(serde_json::from_value::<Recipe>(json.clone()).unwrap(), recipe);
        assert_eq!(recipe.transforms()[0].name(), name);
        // What is not said is what the schema says.
        for (key, value) in json["transforms"][0].as_object().unwrap() {
            let default = &schema["properties"][key]["default"];
            let required = ["name", "percent", "transforms"].contains(&key.as_str());
            assert!(required || value == default, "{name}: {key} is {value}, not {default}");
        }
    }
}

#[test]
fn each_transform_can_be_drawn_on_any_plane() {
    for (name, _) in transforms() {
        let recipe = Recipe::parse(&format!("{}p = 1\n", least(&name))).unwrap();
        for size in [[1, 1], [3, 2], [64, 48], [7, 300]] {
            for key in 0..20 {
                let plan = recipe.plan(size, key);
                assert_eq!(plan, recipe.plan(size, key), "{name}");
                let finite = plan.field.apply([0.5, 0.5]).iter().all(|at| at.is_finite());
                assert!(finite && !plan.to_string().contains("NaN"), "{name}: {plan}");
            }
        }
        assert!(recipe.enlargement() >= 1.0, "{name}");
    }
}

#[test]
fn a_schema_says_what_a_recipe_is() {
    let schema = schema();
    assert_eq!(schema["title"], "Recipe");
    assert_eq!(schema["additionalProperties"], false);
    assert_eq!(schema["properties"]["transforms"]["items"]["$ref"], "#/$defs/Transform");
    let validator = jsonschema::validator_for(&schema).unwrap();
    for name in Recipe::BUILTIN {
        let recipe: Value = toml::from_str(Recipe::builtin_text(name).unwrap()).unwrap();
        let faults: Vec<_> = validator.iter_errors(&recipe).map(|error| error.to_string()).collect();
        assert!(faults.is_empty(), "{name}: {faults:?}");
    }
    for text in [
        "transforms = [{ name = \"Rotat\" }]",
        "transforms = [{ name = \"Rotate\", limits = 3 }]",
        "transform = []",
    ] {
        let value: Value = toml::from_str(text).unwrap();
        assert!(!validator.is_valid(&value), "{text}");
    }
}

#[test]
fn a_configuration_is_carried_over_by_reading_it() {
    // A.Compose([A.HorizontalFlip(p=0.5), A.ShiftScaleRotate(0.05, 0.1, 15, p=0.8),
    //            A.OneOf([A.ElasticTransform(p=1), A.GridDistortion(num_steps=5, p=1)], p=0.3)])
    let text = r#"
[[transforms]]
name = "HorizontalFlip"
p = 0.5

[[transforms]]
name = "ShiftScaleRotate"
p = 0.8
shift_limit = 0.05
scale_limit = 0.1
rotate_limit = 15

[[transforms]]
name = "OneOf"
p = 0.3
[[transforms.transforms]]
name = "ElasticTransform"
p = 1.0
[[transforms.transforms]]
name = "GridDistortion"
num_steps = 5
p = 1.0
"#;
    let recipe = Recipe::parse(text).unwrap();
    let names: Vec<_> =
        recipe.transforms().iter().map(|transform| (transform.name(), transform.p())).collect();
    assert_eq!(names, [("HorizontalFlip", 0.5), ("ShiftScaleRotate", 0.8), ("OneOf", 0.3)]);
}
