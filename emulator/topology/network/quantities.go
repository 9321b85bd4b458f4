package network

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"testbed/emulator/units"
)

// Limits of what a link has in a scenario.
const (
	maxDelay = time.Hour
	maxLoss  = 0.99
	// frame is the size of a full Ethernet frame, by which queues of so many packets are translated.
	frame    = 1514 * units.Byte
	maxQueue = 1 << 50
)

var spelledOut = strings.NewReplacer("msecs", "ms", "msec", "ms", "usecs", "us", "usec", "us", "secs", "s", "sec", "s")

// Duration is a time with its unit, such as 5ms, 1.5 s or 20 msec.
func Duration(text string) (time.Duration, error) {
	plain := strings.ReplaceAll(strings.ToLower(strings.TrimSpace(text)), " ", "")
	plain = spelledOut.Replace(plain)
	d, err := time.ParseDuration(plain)
	switch {
	case zero(text):
		return 0, nil
	case err != nil && bare(text):
		return 0, fmt.Errorf("the time %s has no unit; write it as %sms", Shown(text), strings.TrimSpace(text))
	case err != nil:
		return 0, fmt.Errorf("%s is not a time such as 5ms", Shown(text))
	case d < 0 || d > maxDelay:
		return 0, fmt.Errorf("the time %s is not one from 0 to 1h", Shown(text))
	}
	return d, nil
}

// Milliseconds is a time of so many ms; text with a unit of its own has that.
func Milliseconds(text string) (time.Duration, error) {
	if !bare(text) {
		return Duration(text)
	}
	ms, err := Number(text)
	if err != nil {
		return 0, err
	}
	if ms > float64(maxDelay/time.Millisecond) {
		return 0, fmt.Errorf("the time of %s ms is longer than 1h", Shown(text))
	}
	return time.Duration(ms*1e6 + 0.5), nil
}

// Rate is a rate with its unit, such as 10Mbps or 10 Mbit/s; 0 is one that is Unlimited.
func Rate(text string) (units.BitRate, error) {
	if strings.TrimSpace(text) == Unlimited {
		return 0, nil
	}
	plain := strings.NewReplacer("it/s", "it", "b/s", "bps", "B/s", "bps").Replace(strings.TrimSpace(text))
	r, err := units.ParseBitRate(plain)
	switch {
	case bare(text):
		return 0, fmt.Errorf("the rate %s has no unit; write it as %sMbps", Shown(text), strings.TrimSpace(text))
	case err != nil:
		return 0, fmt.Errorf("%s is not a rate such as 10Mbps", Shown(text))
	}
	return BitRate(float64(r))
}

// RateIn is a rate of so many of a unit, in bit/s; text with a unit of its own has that.
func RateIn(text string, unit units.BitRate) (units.BitRate, error) {
	if !bare(text) {
		return Rate(text)
	}
	x, err := Number(text)
	if err != nil {
		return 0, err
	}
	return BitRate(x * float64(unit))
}

// Percent is a share of so many percent, with or without the sign.
func Percent(text string) (float64, error) {
	x, err := Number(strings.TrimSuffix(strings.TrimSpace(text), "%"))
	if err != nil {
		return 0, err
	}
	return Share(x / 100)
}

// Share is a probability of which a link can have one.
func Share(x float64) (float64, error) {
	if x > maxLoss {
		return 0, fmt.Errorf("a share of %s %% is more than 99 %%", strconv.FormatFloat(100*x, 'g', -1, 64))
	}
	return x, nil
}

// Packets is a queue of so many full frames, in bytes.
func Packets(text string) (units.ByteSize, error) {
	n, err := Number(text)
	switch {
	case err != nil:
		return 0, err
	case n < 1 || n > float64(maxQueue/frame) || n != float64(int64(n)):
		return 0, fmt.Errorf("%s is not a number of packets from 1 on", Shown(text))
	}
	return units.ByteSize(n) * frame, nil
}

// Size is a number of bytes with its unit, from one frame on.
func Size(text string) (units.ByteSize, error) {
	n, err := units.ParseByteSize(strings.TrimSpace(text))
	if err != nil || n < frame || n > maxQueue {
		return 0, fmt.Errorf("%s is not a size of a queue such as 256KiB, of at least 1514B", Shown(text))
	}
	return n, nil
}

// zero says whether a text is the number 0, which needs no unit: 0, 0.0.
func zero(text string) bool {
	x, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	return err == nil && x == 0
}

// bare says whether a text is a number alone.
func bare(text string) bool {
	_, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	return err == nil
}
