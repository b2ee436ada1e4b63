//! Where a Trino coordinator is, and who asks.

use crate::engine::failure;
use crate::sql_wire::{SqlFailure, class};

/// A coordinator, with the names under which queries look for tables.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Address {
    /// `http://host:8080`, without a path.
    pub origin: String,
    pub catalog: Option<String>,
    pub schema: Option<String>,
    /// The connection does not leave this machine.
    pub local: bool,
    pub encrypted: bool,
}

/// Name and password, from the environment only, so that no notebook holds them.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Login {
    pub user: String,
    pub password: Option<String>,
}

impl Address {
    /// Takes `http://host:8080/catalog/schema` apart; catalog and schema may be left out.
    ///
    /// # Errors
    /// Class `Unavailable`, saying how an address looks.
    pub fn parse(text: &str) -> Result<Address, SqlFailure> {
        let wrong = |why: &str| {
            let message = format!("`{text}` is no address of a Trino server ({why}): it looks like `http://host:8080/catalog/schema`");
            failure(class::UNAVAILABLE, message)
        };
        let (scheme, rest) = text.trim().split_once("://").ok_or_else(|| wrong("no http:// or https://"))?;
        let encrypted = match scheme {
            "https" => true,
            "http" => false,
            _ => return Err(wrong("neither http nor https")),
        };
        let rest = rest.split(['?', '#']).next().unwrap_or_default();
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        if authority.contains('@') {
            return Err(failure(
                class::UNAVAILABLE,
                "name and password belong into the variables TRINO_USER and TRINO_PASSWORD, not into the address",
            ));
        }
        let host = match authority.strip_prefix('[') {
            Some(rest) => rest.split(']').next().unwrap_or_default(),
            None => authority.split(':').next().unwrap_or_default(),
        };
        if host.is_empty() {
            return Err(wrong("no host"));
        }
        let mut names = path.split('/').filter(|name| !name.is_empty()).map(str::to_owned);
        let address = Address {
            origin: format!("{scheme}://{authority}"),
            catalog: names.next(),
            schema: names.next(),
            local: matches!(host, "localhost" | "::1") || host.starts_with("127."),
            encrypted,
        };
        match names.next() {
            Some(_) => Err(wrong("more than a catalog and a schema")),
            None => Ok(address),
        }
    }

    /// Whether `url` is on this server: a login goes nowhere else.
    pub fn owns(&self, url: &str) -> bool {
        url.strip_prefix(&self.origin).is_some_and(|rest| rest.starts_with('/'))
    }
}

impl Login {
    /// From `TRINO_USER` (else the name on this machine) and `TRINO_PASSWORD`.
    ///
    /// # Errors
    /// Class `Unavailable` when a password would travel in the clear.
    pub fn from_environment(address: &Address) -> Result<Login, SqlFailure> {
        let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let user = set("TRINO_USER").or_else(|| set("USER")).unwrap_or_else(|| "benchbook".to_owned());
        let password = set("TRINO_PASSWORD");
        if password.is_some() && !address.encrypted && !address.local {
            return Err(failure(
                class::UNAVAILABLE,
                "TRINO_PASSWORD is set, and a password is only sent by https: use an https:// address",
            ));
        }
        Ok(Login { user, password })
    }
}
