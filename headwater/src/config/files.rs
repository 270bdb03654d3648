//! The files that a configuration names, and how a service manager hands them over.

use std::path::{Path, PathBuf};

use super::{Config, ConfigError};

/// Whether a file that is known by this name is for nobody else to read; certificates are for everybody.
#[cfg(windows)]
pub fn is_secret(file: &str) -> bool {
    !matches!(file, "tls-certificate" | "wsus-ca")
}

const ADMIN_PASSWORD: &str = "admin-password";

impl Config {
    /// Files that are read beside the configuration, each with a name by which a service manager hands it over.
    fn files(&mut self) -> impl Iterator<Item = (&'static str, &mut PathBuf)> {
        let wsus = self.linkage.microsoft_wsus.as_mut();
        let (wsus_password, wsus_ca) =
            wsus.map(|wsus| (wsus.password_file.as_mut(), wsus.ca_file.as_mut())).unwrap_or_default();
        [
            ("database-url", self.database_url_file.as_mut()),
            ("manager-database-url", self.manager.database_url_file.as_mut()),
            (ADMIN_PASSWORD, self.admin_password_file.as_mut()),
            ("tls-certificate", self.tls.certificate.as_mut()),
            ("tls-key", self.tls.key.as_mut()),
            ("wsus-password", wsus_password),
            ("wsus-ca", wsus_ca),
        ]
        .into_iter()
        .filter_map(|(name, file)| Some((name, file?)))
    }

    /// What systemd has read for this service, for the service itself may not be able to (systemd.exec(5)).
    pub(super) fn take_credentials(&mut self, folder: &Path) {
        for (name, file) in self.files() {
            let handed_over = folder.join(name);
            if handed_over.exists() {
                *file = handed_over;
            }
        }
    }

    /// The files that a service needs at every start. The first password is read once only, and may be gone.
    pub fn files_to_read(&self) -> Result<Vec<(&'static str, PathBuf)>, ConfigError> {
        let mut files = Vec::new();
        for (name, path) in self.clone().files() {
            match std::fs::metadata(&path) {
                Ok(_) => files.push((name, path.clone())),
                Err(_) if name == ADMIN_PASSWORD => {}
                Err(source) => return Err(ConfigError::Secret { path: path.clone(), source }),
            }
        }
        Ok(files)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_those_that_the_service_manager_has_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let text = "admin_password_file = \"/etc/admin\"\ndatabase_url_file = \"/etc/url\"\n\
                    [linkage.microsoft_wsus]\nurl = \"https://a\"\naccount = 'a\\b'\npassword_file = \"/etc/wsus\"";
        let mut config: Config = toml::from_str(text).expect("a configuration");
        for name in ["database-url", "wsus-password", "tls-key"] {
            std::fs::write(folder.path().join(name), name).expect("is written");
        }
        config.take_credentials(folder.path());
        let found: Vec<PathBuf> = config.files().map(|(_, file)| file.clone()).collect();
        let handed_over = |name| folder.path().join(name);
        assert_eq!(found, [handed_over("database-url"), "/etc/admin".into(), handed_over("wsus-password")]);
        // The first password is read once only.
        let names: Vec<&str> =
            config.files_to_read().expect("files").into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["database-url", "wsus-password"]);
        std::fs::remove_file(handed_over("wsus-password")).expect("is removed");
        let error = config.files_to_read().expect_err("it is missing").to_string();
        assert!(error.contains("wsus-password") && error.contains("cannot be read"), "{error}");
    }
}
