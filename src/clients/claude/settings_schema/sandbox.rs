//! What settings may say about the sandbox of commands.

use super::hooks::FILLED;
use super::keys::TEXTS;
use super::rule::Rule::{Flag, List, Map, Number, Object, Shaped, Tagged, Text, Word};
use super::rule::{Rule, may, must};

pub(super) const SANDBOX: Rule = Object(&[
    may("enabled", Flag),
    may("failIfUnavailable", Flag),
    may("autoAllowBashIfSandboxed", Flag),
    may("allowUnsandboxedCommands", Flag),
    may("network", NETWORK),
    may("filesystem", FILESYSTEM),
    may("credentials", CREDENTIALS),
    may("windows", Object(&[may("backend", Word(&["sandboxuser", "mxc"]))])),
    may("ignoreViolations", Map(&TEXTS)),
    may("enableWeakerNestedSandbox", Flag),
    may("allowNestedUserNamespaces", Flag),
    may("enableWeakerNetworkIsolation", Flag),
    may("allowAppleEvents", Flag),
    may("excludedCommands", TEXTS),
    may("ripgrep", Object(&[must("command", Text), may("args", TEXTS)])),
]);

const PORT: Rule = Number(|_| true, "a number");

const NETWORK: Rule = Object(&[
    may("allowedDomains", TEXTS),
    may("deniedDomains", TEXTS),
    may("strictAllowlist", Flag),
    may("allowManagedDomainsOnly", Flag),
    may("allowUnixSockets", TEXTS),
    may("allowAllUnixSockets", Flag),
    may("allowLocalBinding", Flag),
    may("allowMachLookup", List(&SERVICE)),
    may("httpProxyPort", PORT),
    may("socksProxyPort", PORT),
    may("tlsTerminate", Object(&[may("caCertPath", FILLED), may("caKeyPath", FILLED)])),
]);

const SERVICE: Rule = Shaped(
    |text| !text.strip_suffix('*').unwrap_or(text).contains('*'),
    "a name with no `*` but one at its end",
    "com.example.*",
);

const FILESYSTEM: Rule = Object(&[
    may("allowWrite", TEXTS),
    may("denyWrite", TEXTS),
    may("denyRead", TEXTS),
    may("allowRead", TEXTS),
    may("allowManagedReadPathsOnly", Flag),
    may("disabled", Flag),
]);

const CREDENTIALS: Rule = Object(&[
    may("files", List(&FILE)),
    may("envVars", List(&ENV_VAR)),
    may("allowPlaintextInject", Flag),
    may("awsPairs", List(&AWS_PAIR)),
    may(
        "sigv4",
        Object(&[may("streaming", SIGNING), may("presigned", SIGNING), may("sigv4a", SIGNING)]),
    ),
]);

const SIGNING: Rule = Word(&["deny", "passthrough"]);
const NO_MATCH: Rule = Word(&["warn", "deny", "error"]);

/// What only `mask` uses may be anything beside `deny`.
const FILE: Rule = Tagged(
    "mode",
    &[
        ("deny", &[must("path", FILLED)]),
        (
            "mask",
            &[
                must("path", FILE_PATH),
                may("extract", Text),
                may("onExtractNoMatch", NO_MATCH),
                may("decode", Word(&["jwt"])),
                may("maskClaims", TEXTS),
                may("maskDuplicates", Flag),
                may("injectHosts", TEXTS),
            ],
        ),
    ],
);

const FILE_PATH: Rule =
    Shaped(|text| !text.is_empty() && !text.ends_with('/'), "the path of a file", "secret");

const ENV_VAR: Rule = Tagged(
    "mode",
    &[
        ("deny", &[must("name", VARIABLE)]),
        (
            "mask",
            &[
                must("name", VARIABLE),
                may("extract", Text),
                may("onExtractNoMatch", NO_MATCH),
                may("decode", Word(&["jwt"])),
                may("maskClaims", TEXTS),
                may("injectHosts", TEXTS),
            ],
        ),
    ],
);

const AWS_PAIR: Rule = Object(&[
    must("accessKeyIdVar", VARIABLE),
    must("secretAccessKeyVar", VARIABLE),
    may("sessionTokenVar", VARIABLE),
]);

const VARIABLE: Rule = Shaped(is_variable, "the name of a variable", "TOKEN");

fn is_variable(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
