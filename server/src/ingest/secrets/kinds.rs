//! Kinds of secrets that are known by how they begin. Plain data.

/// Letters that the rest of a secret may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Letters {
    /// `a-z A-Z 0-9`.
    Alnum,
    /// And `_ -`.
    Word,
    /// And `. = + / ~ : %`.
    Any,
    /// `a-f A-F 0-9`.
    Hex,
    /// `A-Z 0-9`.
    Upper,
}

impl Letters {
    pub(super) fn has(self, letter: u8) -> bool {
        match self {
            Self::Alnum => letter.is_ascii_alphanumeric(),
            Self::Word => letter.is_ascii_alphanumeric() || matches!(letter, b'_' | b'-'),
            Self::Any => letter.is_ascii_alphanumeric() || b"_-.=+/~:%".contains(&letter),
            Self::Hex => letter.is_ascii_hexdigit(),
            Self::Upper => letter.is_ascii_uppercase() || letter.is_ascii_digit(),
        }
    }
}

/// How secrets of a kind begin, what follows, and how many letters of that at least.
pub(super) struct Kind(pub(super) &'static str, pub(super) Letters, pub(super) usize);

use Letters::{Alnum, Any, Hex, Upper, Word};

/// Every kind.
pub(super) const KINDS: &[Kind] = &[
    // Models.
    Kind("sk-", Word, 20),
    Kind("sk_", Word, 20),
    Kind("AIza", Word, 30),
    Kind("ya29.", Any, 20),
    Kind("1//0", Word, 20),
    Kind("GOCSPX-", Word, 20),
    Kind("hf_", Alnum, 20),
    Kind("r8_", Alnum, 20),
    Kind("gsk_", Alnum, 20),
    Kind("xai-", Word, 20),
    Kind("pplx-", Alnum, 20),
    Kind("tvly-", Word, 16),
    Kind("e2b_", Alnum, 20),
    Kind("fc-", Hex, 32),
    Kind("lsv2_", Word, 20),
    Kind("nvapi-", Word, 20),
    Kind("fw_", Alnum, 20),
    Kind("csk-", Alnum, 20),
    Kind("jina_", Word, 20),
    Kind("bb_live_", Word, 16),
    // Clouds.
    Kind("AKIA", Upper, 16),
    Kind("ASIA", Upper, 16),
    Kind("ABIA", Upper, 16),
    Kind("ACCA", Upper, 16),
    Kind("LTAI", Alnum, 12),
    Kind("dop_v1_", Hex, 32),
    Kind("doo_v1_", Hex, 32),
    Kind("dor_v1_", Hex, 32),
    Kind("pul-", Hex, 32),
    Kind("dapi", Hex, 32),
    Kind("hvs.", Word, 20),
    Kind("hvb.", Word, 20),
    Kind("hvr.", Word, 20),
    Kind("tskey-", Word, 16),
    Kind("vercel_", Word, 20),
    Kind("nfp_", Alnum, 20),
    Kind("fo1_", Word, 20),
    Kind("FlyV1", Any, 20),
    Kind("fm2_", Any, 20),
    Kind("rnd_", Alnum, 20),
    Kind("sbp_", Hex, 20),
    Kind("sb_secret_", Word, 16),
    Kind("pscale_tkn_", Any, 20),
    Kind("pscale_pw_", Any, 20),
    Kind("napi_", Alnum, 20),
    Kind("cfut_", Alnum, 20),
    Kind("AGE-SECRET-KEY-1", Alnum, 20),
    // Code and packages.
    Kind("ghp_", Alnum, 20),
    Kind("gho_", Alnum, 20),
    Kind("ghu_", Alnum, 20),
    Kind("ghs_", Any, 20),
    Kind("ghr_", Alnum, 20),
    Kind("github_pat_", Word, 20),
    Kind("glpat-", Any, 16),
    Kind("gldt-", Word, 16),
    Kind("glrt-", Any, 16),
    Kind("glcbt-", Word, 16),
    Kind("glptt-", Word, 16),
    Kind("glft-", Word, 16),
    Kind("gloas-", Word, 16),
    Kind("ATATT3", Any, 20),
    Kind("ATCTT3", Any, 20),
    Kind("ATBB", Alnum, 20),
    Kind("npm_", Alnum, 30),
    Kind("pypi-", Word, 30),
    Kind("rubygems_", Hex, 32),
    Kind("cio", Alnum, 32),
    Kind("dckr_pat_", Word, 16),
    Kind("dckr_oat_", Word, 16),
    Kind("oy2", Alnum, 40),
    Kind("sqp_", Hex, 32),
    Kind("sqa_", Hex, 32),
    Kind("CCIPAT_", Word, 20),
    Kind("bkua_", Hex, 32),
    // Messages, money, work.
    Kind("xoxb-", Word, 16),
    Kind("xoxp-", Word, 16),
    Kind("xoxa-", Word, 16),
    Kind("xoxr-", Word, 16),
    Kind("xoxs-", Word, 16),
    Kind("xoxe.", Any, 16),
    Kind("xapp-", Word, 16),
    Kind("SG.", Any, 30),
    Kind("key-", Hex, 32),
    Kind("xkeysib-", Word, 32),
    Kind("re_", Word, 24),
    Kind("SK", Hex, 32),
    Kind("rk_live_", Alnum, 16),
    Kind("rk_test_", Alnum, 16),
    Kind("pk_live_", Alnum, 16),
    Kind("whsec_", Any, 20),
    Kind("sq0atp-", Word, 20),
    Kind("sq0csp-", Word, 20),
    Kind("shpat_", Hex, 32),
    Kind("shpca_", Hex, 32),
    Kind("shppa_", Hex, 32),
    Kind("shpss_", Hex, 32),
    Kind("EAA", Alnum, 60),
    Kind("lin_api_", Alnum, 20),
    Kind("ntn_", Alnum, 30),
    Kind("secret_", Alnum, 40),
    Kind("figd_", Word, 20),
    Kind("PMAK-", Word, 40),
    Kind("pat-na1-", Word, 20),
    Kind("pat-eu1-", Word, 20),
    Kind("dp.pt.", Alnum, 20),
    Kind("dp.st.", Any, 20),
    Kind("ops_", Any, 40),
    // Watching.
    Kind("NRAK-", Upper, 20),
    Kind("NRJS-", Alnum, 16),
    Kind("glsa_", Word, 30),
    Kind("glc_", Any, 30),
    Kind("dt0c01.", Any, 30),
    Kind("sntrys_", Any, 30),
    Kind("sntryu_", Hex, 32),
    Kind("phx_", Alnum, 30),
    // Tokens that say what they are, those of this server included.
    Kind("eyJ", Any, 24),
];
