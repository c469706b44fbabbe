//! What `kubectl apply -k` would send: a kustomization of ours, which uses only the few
//! features that are built here.

use std::path::Path;

use serde_json::{Value, json};

/// Every document of a YAML file.
pub fn documents(text: &str) -> Vec<Value> {
    serde_norway::Deserializer::from_str(text)
        .map(|document| serde::Deserialize::deserialize(document).unwrap())
        .collect()
}

/// The objects of a folder with a `kustomization.yaml`, those of its bases first.
pub fn objects(folder: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(folder.join("kustomization.yaml")).unwrap();
    let kustomization = documents(&text).remove(0);
    let mut found = Vec::new();
    let mut features: Vec<_> = kustomization.as_object().unwrap().iter().collect();
    // What is generated may replace what a resource has generated.
    features.sort_by_key(|(feature, _)| feature.as_str() != "resources");
    for (feature, value) in features {
        match feature.as_str() {
            "apiVersion" | "kind" | "namespace" => {}
            // Names are not changed: the generated ones can be spelled here.
            "generatorOptions" => assert_eq!(*value, json!({ "disableNameSuffixHash": true })),
            "resources" => {
                for resource in value.as_array().unwrap() {
                    let path = folder.join(resource.as_str().unwrap());
                    let read = || documents(&std::fs::read_to_string(&path).unwrap());
                    found.extend(if path.is_dir() { objects(&path) } else { read() });
                }
            }
            "configMapGenerator" => {
                for one in value.as_array().unwrap() {
                    let map = config_map(folder, one, &kustomization["namespace"]);
                    let same = |other: &&mut Value| {
                        other["kind"] == "ConfigMap" && other["metadata"] == map["metadata"]
                    };
                    let before = found.iter_mut().find(same);
                    assert_eq!(before.is_some(), one["behavior"] == "replace", "{}", map["metadata"]);
                    match before {
                        Some(before) => *before = map,
                        None => found.push(map),
                    }
                }
            }
            other => panic!("{}: nobody builds `{other}` here", folder.display()),
        }
    }
    found
}

fn config_map(folder: &Path, generator: &Value, namespace: &Value) -> Value {
    let file = |file: &Value| {
        let path = folder.join(file.as_str().unwrap());
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (name, Value::from(std::fs::read_to_string(path).unwrap()))
    };
    let data: serde_json::Map<_, _> = generator["files"].as_array().unwrap().iter().map(file).collect();
    json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": { "name": generator["name"], "namespace": namespace },
        "data": data,
    })
}
