//! Names from the clock.

use std::time::{SystemTime, UNIX_EPOCH};

/// A folder name that sorts by time, for example `run-20261122-143005` (UTC).
pub(super) fn name_from_clock(prefix: &str) -> String {
    let secs = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    format!("{prefix}-{}", date_time(secs))
}

/// `YYYYMMDD-HHMMSS` in UTC of a Unix time in seconds (days to civil date: Howard Hinnant, `civil_from_days`, 2013).
fn date_time(unix_secs: u64) -> String {
    let (days, second) = (unix_secs / 86_400, unix_secs % 86_400);
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!("{year:04}{month:02}{day:02}-{:02}{:02}{:02}", second / 3600, second / 60 % 60, second % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_around_leap_days() {
        // date -u -d @N +%Y%m%d-%H%M%S
        assert_eq!(date_time(0), "19700101-000000");
        assert_eq!(date_time(951_782_399), "20000228-235959");
        assert_eq!(date_time(951_782_400), "20000229-000000");
        assert_eq!(date_time(1_795_352_445), "20261122-130045");
    }
}
