//! `headwater check-config`: what a configuration means, or what is wrong with it.

use std::path::PathBuf;
use std::process::ExitCode;

use super::{Config, ConfigError, EXAMPLE, Role};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  headwater check-config --example > headwater.toml\n  headwater check-config headwater.toml"
)]
pub struct CheckArguments {
    /// The file to check.
    #[arg(required_unless_present = "example")]
    file: Option<PathBuf>,
    /// Print a file with all settings at their defaults and their meaning.
    #[arg(long, exclusive = true)]
    example: bool,
}

/// `check-config`
#[allow(clippy::print_stdout, clippy::print_stderr)]
pub fn check(arguments: &CheckArguments) -> ExitCode {
    let Some(path) = arguments.file.as_ref().filter(|_| !arguments.example) else {
        print!("{EXAMPLE}");
        return ExitCode::SUCCESS;
    };
    match Config::read(path).and_then(|config| config.meaning()) {
        Ok(meaning) => {
            println!("{} is valid", path.display());
            for (name, value) in meaning {
                println!("  {name:<10}{value}");
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {}", headwater_app::admin::chain(&error));
            ExitCode::from(1)
        }
    }
}

impl Config {
    /// What it means for its roles, as names and values.
    fn meaning(&self) -> Result<Vec<(&'static str, String)>, ConfigError> {
        let mut meaning = vec![("data", self.data.display().to_string())];
        if self.has(Role::UpdateServer) {
            meaning.push(("updates", self.updates.to_string()));
            meaning.push(("database", format!("{}, of the update server", self.place()?)));
        }
        if self.has(Role::Manager) {
            meaning.push(("database", format!("{}, of the managing server", self.manager_place()?)));
        }
        if self.has(Role::Linkage) {
            meaning.push(("linkage", self.linkage.listen.to_string()));
        }
        meaning.push(("console", self.console.to_string()));
        Ok(meaning)
    }
}
