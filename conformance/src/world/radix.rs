//! Numbers as one digit for each dimension.

/// The digits of a number, the last of which changes fastest. Each number below the product of the sizes has its own.
pub(super) fn digits(mut number: u64, sizes: &[u64]) -> Vec<u64> {
    let mut digits: Vec<u64> = sizes
        .iter()
        .rev()
        .map(|size| {
            let digit = number % (*size).max(1);
            number /= (*size).max(1);
            digit
        })
        .collect();
    digits.reverse();
    digits
}

/// How many combinations there are.
pub(super) fn product(sizes: &[u64]) -> u64 {
    sizes.iter().product()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_its_own_digits() {
        let sizes = [3, 1, 4, 2];
        let all: std::collections::BTreeSet<Vec<u64>> =
            (0..product(&sizes)).map(|number| digits(number, &sizes)).collect();
        assert_eq!(all.len(), 24);
        assert!(all.iter().all(|digits| digits.iter().zip(sizes).all(|(digit, size)| *digit < size)));
        assert_eq!(digits(23, &sizes), [2, 0, 3, 1]);
    }
}
