package units

import "strconv"

// Percent prints a share of 1 as a percentage, such as 0.1 %, with six significant digits at most: what a kernel
// or a product of floats adds behind them (10.000000011641532 %) is noise.
func Percent(share float64) string {
	// Formatting first rounds as decimals are read; formatting again drops zeros and exponents.
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(100*share, 'g', 6, 64), 64)
	if err != nil {
		rounded = 100 * share
	}
	return strconv.FormatFloat(rounded, 'f', -1, 64) + " %"
}
