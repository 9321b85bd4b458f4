package testenv

import "os"

// OnQuietMachine is a limit of a measurement of time: quiet under `make fidelity`, which sets QUIET_MACHINE=1 where
// nothing else runs, and busy elsewhere, which only a fault exceeds.
func OnQuietMachine(quiet, busy float64) float64 {
	if QuietMachine() {
		return quiet
	}
	return busy
}

// QuietMachine says that nothing else runs: tests may measure longer, and more.
func QuietMachine() bool { return os.Getenv("QUIET_MACHINE") == "1" }
