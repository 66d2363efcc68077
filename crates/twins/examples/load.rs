fn main() {
    let t = std::time::Instant::now();
    let f = tieout_twins::company::CompanyFolder::new(std::env::args().nth(1).unwrap());
    let twin = tieout_twins::intacct::IntacctTwin::open(&f, Default::default()).unwrap();
    println!("loaded {:?}", t.elapsed());
    let t = std::time::Instant::now();
    println!(
        "{} bytes tb {:?}",
        twin.trial_balance_csv().len(),
        t.elapsed()
    );
    println!(
        "{}",
        std::fs::read_to_string("/proc/self/status")
            .unwrap()
            .lines()
            .filter(|l| l.starts_with("VmHWM") || l.starts_with("VmRSS"))
            .collect::<Vec<_>>()
            .join(" ")
    );
}
