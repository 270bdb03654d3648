//! The languages of a WSUS.

/// A language with its LCID, its short name and its name for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Language {
    pub lcid: i32,
    /// As update documents have it, such as `pt-br`.
    pub short: &'static str,
    pub long: &'static str,
}

const fn language(lcid: i32, short: &'static str, long: &'static str) -> Language {
    Language { lcid, short, long }
}

/// [MS-WSUSSS] 3.1.4.4.3.3 ServerSyncLanguageData: what stands for all languages.
pub const ALL_LANGUAGES: Language = language(0, "all", "all");

/// The languages that a WSUS announces beside [`ALL_LANGUAGES`], in its order (fact 44).
pub const LANGUAGES: [Language; 38] = [
    language(1025, "ar", "Arabic"),
    language(1026, "bg", "Bulgarian"),
    language(1028, "zh-tw", "Chinese (Traditional)"),
    language(1029, "cs", "Czech"),
    language(1030, "da", "Danish"),
    language(1031, "de", "German"),
    language(1032, "el", "Greek"),
    language(1033, "en", "English"),
    language(1034, "es", "Spanish"),
    language(1035, "fi", "Finnish"),
    language(1036, "fr", "French"),
    language(1037, "he", "Hebrew"),
    language(1038, "hu", "Hungarian"),
    language(1040, "it", "Italian"),
    language(1041, "ja", "Japanese"),
    language(1042, "ko", "Korean"),
    language(1043, "nl", "Dutch"),
    language(1044, "no", "Norwegian"),
    language(1045, "pl", "Polish"),
    language(1046, "pt-br", "Portuguese (Brazil)"),
    language(1048, "ro", "Romanian"),
    language(1049, "ru", "Russian"),
    language(1050, "hr", "Croatian"),
    language(1051, "sk", "Slovak"),
    language(1053, "sv", "Swedish"),
    language(1054, "th", "Thai"),
    language(1055, "tr", "Turkish"),
    language(1058, "uk", "Ukrainian"),
    language(1060, "sl", "Slovenian"),
    language(1061, "et", "Estonian"),
    language(1062, "lv", "Latvian"),
    language(1063, "lt", "Lithuanian"),
    language(1081, "hi", "Hindi"),
    language(2052, "zh-cn", "Chinese (Simplified)"),
    language(2070, "pt", "Portuguese (Portugal)"),
    language(2074, "sr", "Serbian (Latin)"),
    language(3076, "zh-hk", "Chinese (Hong Kong SAR)"),
    language(66577, "ja-nec", "Japanese NEC"),
];
