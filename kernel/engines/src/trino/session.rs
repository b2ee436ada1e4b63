//! What statements change for those that follow (`USE`, `SET SESSION`): the server tells it in headers, the client keeps it.

use std::collections::BTreeMap;

use ureq::http::HeaderMap;

use super::address::Address;

/// Names under which tables are looked for, and settings.
#[derive(Debug, Clone, Default)]
pub struct Session {
    pub catalog: Option<String>,
    pub schema: Option<String>,
    path: Option<String>,
    role: BTreeMap<String, String>,
    /// Values as the server sent them, URL-encoded.
    settings: BTreeMap<String, String>,
}

impl Session {
    pub fn new(address: &Address) -> Session {
        Session { catalog: address.catalog.clone(), schema: address.schema.clone(), ..Session::default() }
    }

    /// Headers of a statement.
    pub fn headers(&self) -> Vec<(String, String)> {
        let list = |map: &BTreeMap<String, String>| map.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(",");
        let named = [
            ("X-Trino-Catalog", self.catalog.clone()),
            ("X-Trino-Schema", self.schema.clone()),
            ("X-Trino-Path", self.path.clone()),
            ("X-Trino-Session", (!self.settings.is_empty()).then(|| list(&self.settings))),
            ("X-Trino-Role", (!self.role.is_empty()).then(|| list(&self.role))),
        ];
        named.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    }

    /// Takes over what an answer says.
    pub fn learn(&mut self, headers: &HeaderMap) {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        self.catalog = text("X-Trino-Set-Catalog").or(self.catalog.take());
        self.schema = text("X-Trino-Set-Schema").or(self.schema.take());
        self.path = text("X-Trino-Set-Path").or(self.path.take());
        for (header, map) in [("X-Trino-Set-Session", &mut self.settings), ("X-Trino-Set-Role", &mut self.role)] {
            for pair in headers.get_all(header).iter().filter_map(|value| value.to_str().ok()) {
                if let Some((name, value)) = pair.split_once('=') {
                    map.insert(name.to_owned(), value.to_owned());
                }
            }
        }
        for name in headers.get_all("X-Trino-Clear-Session").iter().filter_map(|value| value.to_str().ok()) {
            self.settings.remove(name);
        }
    }
}
