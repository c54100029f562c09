//! The keys at the top of a settings file. A key that does not stand here is never the reason why the
//! client ignores a file, whatever its value.

use super::rule::Rule::{
    Alone, Either, Flag, List, Map, Number, Object, OrNull, Shaped, Text, Whole, Word,
};
use super::rule::{Field, Rule, may, must};
use super::{hooks, sandbox, sources};

pub(super) const TEXTS: Rule = List(&Text);

pub const KEYS: &[Field] = &[
    may("advisorModel", Text),
    may("agent", Text),
    may("agentPushNotifEnabled", Flag),
    may("allowAllClaudeAiMcps", Flag),
    may("allowClaudeInChromeWithManagedMcp", Flag),
    may("allowedChannelPlugins", CHANNEL_PLUGINS),
    may("allowedHttpHookUrls", TEXTS),
    may("allowedMarketplaces", OrNull(&sources::LIST)),
    may("allowManagedHooksOnly", OrNull(&Flag)),
    may("allowManagedMcpServersOnly", OrNull(&Flag)),
    may("allowManagedPermissionRulesOnly", OrNull(&Flag)),
    may("allowNestedModelAccessUnderForceLogin", Flag),
    may("alwaysThinkingEnabled", Flag),
    may("apiKeyHelper", Text),
    may("attribution", ATTRIBUTION),
    may("attributionProject", Text),
    may("autoCompactEnabled", Flag),
    may("autoContinueAtUsageLimit", OrNull(&Flag)),
    may("autoDreamEnabled", Flag),
    may("autoMemoryDirectory", Text),
    may("autoMemoryEnabled", Flag),
    may("autoScrollEnabled", Flag),
    may("autoUpdatesChannel", Word(&["latest", "stable", "rc"])),
    may("autoUploadSessions", OrNull(&Flag)),
    may("availableModels", TEXTS),
    may("awaySummaryEnabled", Flag),
    may("awsAuthRefresh", Text),
    may("awsCredentialExport", Text),
    may("bashEditDiffEnabled", Flag),
    may("blockedMarketplaces", OrNull(&sources::LIST)),
    may("breakReminder", BREAK_REMINDER),
    may("channelsEnabled", OrNull(&Flag)),
    may("claudeMd", Text),
    may("claudeMdExcludes", TEXTS),
    may("clawdFileProgressEnabled", Flag),
    may("cleanupPeriodDays", Whole(1)),
    may("companyAnnouncements", TEXTS),
    may("daemonColdStart", Word(&["transient", "ask"])),
    may("defaultShell", Word(&["bash", "powershell"])),
    may("desktopSessionCleanupPeriodDays", Whole(0)),
    may("disableAgentView", OrNull(&Flag)),
    may("disableAllHooks", Flag),
    may("disableArtifact", OrNull(&Flag)),
    may("disableAutoMode", OrNull(&DISABLE)),
    may("disableBundledSkills", OrNull(&Flag)),
    may("disableClaudeAiConnectors", OrNull(&Flag)),
    may("disableCommandPluginSources", OrNull(&Flag)),
    may("disabledMcpjsonServers", NAMES),
    may("disableRemoteControl", OrNull(&Flag)),
    may("disableReplyCheck", Flag),
    may("disableSideloadFlags", OrNull(&Flag)),
    may("disableSkillShellExecution", OrNull(&Flag)),
    may("disableWindowsBashCommandSplit", OrNull(&Flag)),
    may("disableWorkflows", OrNull(&Flag)),
    may("doneMeansMerged", Flag),
    may("emojiCompletionEnabled", Flag),
    may("enableAllProjectMcpServers", OrNull(&Flag)),
    may("enableArtifact", OrNull(&Flag)),
    may("enabledMcpjsonServers", NAMES),
    may("enabledPlugins", ENABLED_PLUGINS),
    may("enableWorkflows", OrNull(&Flag)),
    may("enforceAvailableModels", OrNull(&Flag)),
    may("env", Object(&[])),
    may("fallbackModel", TEXTS),
    may("fastMode", Flag),
    may("fastModePerSessionOptIn", OrNull(&Flag)),
    may("feedbackDrafts", OrNull(&Word(&["notify", "quiet", "off"]))),
    may("feedbackSurveyRate", Number(|n| (0.0..=1.0).contains(&n), "a number from 0 to 1")),
    may("fileCheckpointingEnabled", Flag),
    may("fileSuggestion", FILE_SUGGESTION),
    may("forceLoginOrgUUID", Either(&[Text, TEXTS])),
    may("forceRemoteSettingsRefresh", Flag),
    may("gcpAuthRefresh", Text),
    may("hooks", hooks::HOOKS),
    may("httpHookAllowedEnvVars", TEXTS),
    may("idleCompaction", Flag),
    may("includeCoAuthoredBy", Flag),
    may("includeGitInstructions", Flag),
    may("inputNeededNotifEnabled", Flag),
    may("isolatePeerMachines", OrNull(&Flag)),
    may("language", Text),
    may("managedSourcesBehavior", Word(&["first-wins", "merge"])),
    may("minimumVersion", Text),
    may("model", Text),
    may("modelOverrides", Map(&Text)),
    may("otelHeadersHelper", Text),
    may("outputStyle", Text),
    may("parentSettingsBehavior", Word(&["first-wins", "merge"])),
    may("permissions", PERMISSIONS),
    may("plansDirectory", Text),
    may("pluginConfigs", PLUGIN_CONFIGS),
    may("pluginSuggestionMarketplaces", TEXTS),
    may("pluginTrustMessage", Text),
    may("precomputeCompactionEnabled", Flag),
    may("prefersReducedMotion", Flag),
    may("processWrapper", Text),
    may("promptSuggestionEnabled", Flag),
    may("proxyAuthHelper", Text),
    may("prUrlTemplate", Text),
    may("quietHours", QUIET_HOURS),
    may("remote", Object(&[may("defaultEnvironmentId", Text)])),
    may("remoteControlAtStartup", OrNull(&Flag)),
    may("remoteTools", Object(&[may("allowUnattendedServing", Flag)])),
    may("requiredMaximumVersion", Text),
    may("requiredMinimumVersion", Text),
    may("respectGitignore", Flag),
    may("respondToBashCommands", Flag),
    may("responseComparisonEnabled", OrNull(&Flag)),
    may("sandbox", sandbox::SANDBOX),
    may("$schema", Text),
    may("showClearContextOnPlanAccept", Flag),
    may("showMessageTimestamps", Flag),
    may("showThinkingSummaries", Flag),
    may("showTurnDuration", Flag),
    may(
        "skillListingBudgetFraction",
        Number(|n| n > 0.0 && n <= 1.0, "a number above 0 and up to 1"),
    ),
    may("skillListingMaxDescChars", Whole(1)),
    may("skillOverrides", SKILL_OVERRIDES),
    may("skipDangerousModePermissionPrompt", OrNull(&Flag)),
    may("skipWebFetchPreflight", OrNull(&Flag)),
    may("skipWorkflowUsageWarning", OrNull(&Flag)),
    may("spinnerTipsEnabled", Flag),
    may("spinnerVerbs", SPINNER_VERBS),
    may("sshConfigs", SSH_CONFIGS),
    may("statusLine", STATUS_LINE),
    may("strictKnownMarketplaces", OrNull(&sources::LIST)),
    may("switchModelsOnFlag", Flag),
    may("syncClaudeAiPlugins", OrNull(&Flag)),
    may("syncClaudeAiSkills", OrNull(&Flag)),
    may("syntaxHighlightingDisabled", Flag),
    may("terminalProgressBarEnabled", Flag),
    may("terminalTitleFromRename", Flag),
    may("timeFormat", Text),
    may("timeZone", Text),
    may("todoFeatureEnabled", Flag),
    may(
        "totalTokensReminder",
        Word(&["off", "infinite", "fixed", "countdown", "padded-countdown"]),
    ),
    may("totalTokensReminderAfterUserTurn", Flag),
    may("totalTokensReminderBudget", Whole(1)),
    may("tui", Word(&["default", "fullscreen"])),
    may("verbose", Flag),
    may("voice", VOICE),
    may("wheelScrollAccelerationEnabled", Flag),
    may("workflowKeywordTriggerEnabled", Flag),
    may("workflowSizeGuideline", Word(&["unrestricted", "small", "medium", "large"])),
    may("worktree", WORKTREE),
    may("wslInheritsWindowsSettings", Flag),
];

/// One name may stand for a list of it.
const NAMES: Rule = Either(&[hooks::FILLED, TEXTS]);

const DISABLE: Rule = Word(&["disable"]);

const STATUS_LINE: Rule = Object(&[
    must("type", Word(&["command"])),
    must("command", Text),
    may("padding", Number(|_| true, "a number")),
    may("hideVimModeIndicator", Flag),
]);

const FILE_SUGGESTION: Rule = Object(&[must("type", Word(&["command"])), must("command", Text)]);

const BREAK_REMINDER: Rule = Object(&[
    may("enabled", Flag),
    may("intervalMinutes", Whole(1)),
    may("breakThresholdMinutes", Whole(1)),
    may("message", Text),
]);

const QUIET_HOURS: Rule = Object(&[may("enabled", Flag), may("start", TIME), may("end", TIME)]);

const TIME: Rule = Shaped(is_time, "a time such as `22:00`", "22:00");

/// Tells whether a text is a time of day with two digits for minutes; hours may have one.
fn is_time(text: &str) -> bool {
    let Some((hours, minutes)) = text.split_once(':') else { return false };
    let number = |text: &str, limit: u8| {
        text.bytes().all(|byte| byte.is_ascii_digit())
            && text.parse::<u8>().is_ok_and(|number| number < limit)
    };
    matches!(hours.len(), 1 | 2) && minutes.len() == 2 && number(hours, 24) && number(minutes, 60)
}

const ATTRIBUTION: Rule =
    Either(&[Flag, Object(&[may("commit", Text), may("pr", Text), may("sessionUrl", Flag)])]);

const PERMISSIONS: Rule = Object(&[
    may("allow", List(&Alone(&Text))),
    may("deny", List(&Alone(&Text))),
    may("ask", List(&Alone(&Text))),
    may(
        "defaultMode",
        Word(&["default", "acceptEdits", "plan", "auto", "dontAsk", "bypassPermissions", "manual"]),
    ),
    may("disableBypassPermissionsMode", DISABLE),
    may("disableAutoMode", DISABLE),
    may("blockReadsOutsideWorkingDirectories", Flag),
    may("blockFileToolReadsOutsideWorkingDirectories", Flag),
    may("blockWritesOutsideWorkingDirectories", Flag),
    may("denyInsteadOfPrompting", Flag),
    may("additionalDirectories", TEXTS),
]);

const WORKTREE: Rule = Object(&[
    may("symlinkDirectories", TEXTS),
    may("sparsePaths", TEXTS),
    may("baseRef", Word(&["fresh", "head"])),
]);

const SPINNER_VERBS: Rule =
    Object(&[must("mode", Word(&["append", "replace"])), must("verbs", TEXTS)]);

const VOICE: Rule =
    Object(&[may("enabled", Flag), may("mode", Word(&["hold", "tap"])), may("autoSubmit", Flag)]);

const SSH_CONFIGS: Rule = List(&Object(&[
    must("id", Text),
    must("name", Text),
    must("sshHost", Text),
    may("sshPort", Number(|number| number.fract() == 0.0, "a whole number")),
    may("sshIdentityFile", Text),
    may("startDirectory", Text),
]));

const CHANNEL_PLUGINS: Rule = List(&Object(&[must("marketplace", Text), must("plugin", Text)]));

const SKILL_OVERRIDES: Rule = Map(&Word(&["on", "name-only", "user-invocable-only", "off"]));

/// A list of versions is let through, but switches nothing on.
const ENABLED_PLUGINS: Rule = Map(&Either(&[Flag, TEXTS]));

const OPTION: Rule = Either(&[Text, Number(|_| true, "a number"), Flag, TEXTS]);

const PLUGIN_CONFIGS: Rule =
    Map(&Object(&[may("options", Map(&OPTION)), may("mcpServers", Map(&Map(&OPTION)))]));
