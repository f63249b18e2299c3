//! Days of the calendar.

/// The start of a day such as `2027-01-31`, in seconds since 1970 UTC; `None` if there is no such day.
pub(super) fn seconds(day: &str) -> Option<i64> {
    let mut parts = day.split('-');
    let mut part = |digits: usize| {
        let part = parts.next().filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()))?;
        part.parse::<i64>().ok().filter(|_| part.len() == digits)
    };
    let (year, month, date) = (part(4)?, part(2)?, part(2)?);
    let is_leap_year = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let lengths = [31, if is_leap_year { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let month = usize::try_from(month).ok()?.checked_sub(1)?;
    let length = *lengths.get(month)?;
    if parts.next().is_some() || year < 1970 || !(1..=length).contains(&date) {
        return None;
    }
    // Years before this one that had a leap day, counted from the year 1.
    let before = year - 1;
    let leaps = before / 4 - before / 100 + before / 400 - 477;
    let days = (year - 1970) * 365 + leaps + lengths.iter().take(month).sum::<i64>() + date - 1;
    Some(days * 86_400)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::the_first("1970-01-01", 0)]
    #[case::a_leap_day("1972-02-29", 68_169_600)]
    #[case::behind_it("1972-03-01", 68_256_000)]
    #[case::the_end_of_a_year("1999-12-31", 946_598_400)]
    #[case::a_leap_century("2000-02-29", 951_782_400)]
    #[case::the_billionth_second("2001-09-09", 999_993_600)]
    #[case::one_day("2027-01-31", 1_801_353_600)]
    #[case::the_end_of_the_calendar("9999-12-31", 253_402_214_400)]
    fn reports_when_a_day_starts(#[case] day: &str, #[case] expected: i64) {
        assert_eq!(seconds(day), Some(expected));
    }

    #[rstest]
    #[case::empty("")]
    #[case::no_day("2027-01")]
    #[case::short("2027-1-31")]
    #[case::a_month_too_many("2027-13-01")]
    #[case::month_zero("2027-00-01")]
    #[case::day_zero("2027-01-00")]
    #[case::a_day_too_many("2027-04-31")]
    #[case::no_leap_year("2027-02-29")]
    #[case::no_leap_century("2100-02-29")]
    #[case::a_time("2027-01-31T00:00:00Z")]
    #[case::a_part_too_many("2027-01-31-01")]
    #[case::a_sign("+027-01-31")]
    #[case::other_digits("2027-0٣-31")]
    #[case::the_other_order("31-01-2027")]
    #[case::before_1970("1969-12-31")]
    fn refuses_what_is_no_day(#[case] day: &str) {
        assert_eq!(seconds(day), None);
    }
}
