// Package units holds the quantities of a network that the standard library has no type for:
// bit rates and byte sizes, with their parsing and printing. Delays are time.Duration.
package units

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// ErrSyntax is wrapped by every error of the Parse functions.
var ErrSyntax = errors.New("not a quantity")

// BitRate is a transmission rate in bit/s; 0 means "not limited".
type BitRate int64

// Decimal multiples of a BitRate.
const (
	BitPerSecond BitRate = 1
	Kbps                 = 1000 * BitPerSecond
	Mbps                 = 1000 * Kbps
	Gbps                 = 1000 * Mbps
)

// ByteSize is an amount of data in bytes.
type ByteSize int64

// Decimal and binary multiples of a ByteSize.
const (
	Byte ByteSize = 1
	KB            = 1000 * Byte
	MB            = 1000 * KB
	GB            = 1000 * MB
	KiB           = 1024 * Byte
	MiB           = 1024 * KiB
	GiB           = 1024 * MiB
)

type unit struct {
	name  string
	scale int64
}

var (
	rateUnits = []unit{
		{"Tbps", 1e12}, {"Gbps", 1e9}, {"Mbps", 1e6}, {"kbps", 1e3}, {"bps", 1},
		{"Tbit", 1e12}, {"Gbit", 1e9}, {"Mbit", 1e6}, {"kbit", 1e3}, {"bit", 1},
	}
	sizeUnits = []unit{
		{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10},
		{"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}, {"B", 1},
	}
)

// ParseBitRate reads a rate such as 50Mbps, 1.5Gbps or 10Mbit. The unit is required and its
// case does not matter. It fails with ErrSyntax on a negative, fractional-bit or overflowing value.
func ParseBitRate(s string) (BitRate, error) {
	n, err := parse(s, rateUnits, "a rate such as 50Mbps")
	return BitRate(n), err
}

// ParseByteSize reads a size such as 1MiB, 30kB or 1500B. The unit is required and its case
// does not matter. It fails with ErrSyntax on a negative, fractional-byte or overflowing value.
func ParseByteSize(s string) (ByteSize, error) {
	n, err := parse(s, sizeUnits, "a size such as 1MiB")
	return ByteSize(n), err
}

func parse(s string, table []unit, want string) (int64, error) {
	text := strings.TrimSpace(s)
	cut := strings.LastIndexAny(text, "0123456789.") + 1
	number, name := strings.TrimSpace(text[:cut]), strings.TrimSpace(text[cut:])
	fail := func(why string) (int64, error) {
		return 0, fmt.Errorf("%q: %w: %s; write %s", s, ErrSyntax, why, want)
	}
	if name == "" {
		return fail("the unit is missing")
	}
	scale := int64(0)
	for _, u := range table {
		if strings.EqualFold(u.name, name) {
			scale = u.scale
			break
		}
	}
	if scale == 0 {
		return fail(fmt.Sprintf("unknown unit %q", name))
	}
	if strings.ContainsAny(number, "xXpP_") {
		return fail("not a decimal number")
	}
	value, err := strconv.ParseFloat(number, 64)
	if err != nil || math.IsNaN(value) {
		return fail("not a decimal number")
	}
	total := value * float64(scale)
	switch {
	case total < 0:
		return fail("it must not be negative")
	case total >= math.MaxInt64:
		return fail("it is too large")
	}
	whole := math.Round(total)
	if math.Abs(whole-total) > 1e-6*math.Max(1, total) {
		return fail("it is not a whole number of base units")
	}
	return int64(whole), nil
}

// String prints the rate in the largest unit that needs no more than three decimals.
func (r BitRate) String() string { return render(int64(r), rateUnits[:5]) }

// String prints the size in the largest decimal or binary unit that divides it.
func (b ByteSize) String() string { return render(int64(b), sizeUnits) }

func render(n int64, table []unit) string {
	for _, u := range table {
		if n != 0 && n%u.scale == 0 {
			return strconv.FormatInt(n/u.scale, 10) + u.name
		}
		if u.scale >= 1000 && u.scale%1000 == 0 && n >= u.scale && n%(u.scale/1000) == 0 {
			return strconv.FormatFloat(float64(n)/float64(u.scale), 'f', -1, 64) + u.name
		}
	}
	return strconv.FormatInt(n, 10) + table[len(table)-1].name
}

// Seconds is the unrounded time, in seconds, that size needs at rate r; 0 where the rate is not limited.
func (r BitRate) Seconds(size ByteSize) float64 {
	if r <= 0 {
		return 0
	}
	return float64(size) * 8 / float64(r)
}

// Serialization is the time that size needs at rate r, to the nanosecond; 0 where the rate is not limited.
func (r BitRate) Serialization(size ByteSize) time.Duration {
	return time.Duration(math.Round(r.Seconds(size) * 1e9))
}

// Product is the amount of data in flight at rate r during d (the bandwidth-delay product).
func (r BitRate) Product(d time.Duration) ByteSize {
	return ByteSize(float64(r) / 8 * d.Seconds())
}
