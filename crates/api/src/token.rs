/// 128 random bits, as hexadecimal digits.
pub(crate) fn random() -> String {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits).expect("the operating system has randomness");
    bits.iter().map(|byte| format!("{byte:02x}")).collect()
}
