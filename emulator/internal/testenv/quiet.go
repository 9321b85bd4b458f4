package testenv

import "os"

// OnQuietMachine is a limit of a measurement of time: quiet under `make fidelity`, which sets QUIET_MACHINE=1 where
// nothing else runs, and busy elsewhere, which only a fault exceeds.
func OnQuietMachine(quiet, busy float64) float64 {
	if os.Getenv("QUIET_MACHINE") == "1" {
		return quiet
	}
	return busy
}
