// Command judge holds what `testbed verify -f json` measured on the netem fabric against absolute limits, and
// what it measured on the userspace fabric, on the same kernel, against netem.
//
//	judge NETEM.json USERSPACE.json
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
)

// Limits of netem's errors: of the median round trip in seconds, of the TCP goodput as a share.
const (
	rttLimit  = 0.6e-3
	rateLimit = 0.01
	// factor is what userspace may be worse by than netem, or than netem's limit where netem is better than that.
	factor = 2
)

// finding is the part of verify's finding that counts here.
type finding struct {
	Probe, Class, From, To string
	Target, Measured       float64 // seconds; bit/s
	Error                  float64 // seconds; a share
}

func (f finding) key() string { return f.Probe + " " + f.Class + " " + f.From + " " + f.To }

func (f finding) limit() float64 {
	if f.Probe == "rtt" {
		return rttLimit
	}
	return rateLimit
}

func (f finding) String() string {
	if f.Probe == "rtt" {
		return fmt.Sprintf("rtt  %-12s %8.3f ms, error %+7.3f ms", f.Class, 1e3*f.Target, 1e3*f.Error)
	}
	return fmt.Sprintf("rate %-12s %8.3f Mb/s, error %+6.2f %%", f.Class, f.Target/1e6, 100*f.Error)
}

// judge prints every finding and fails where one is beyond its limit, or a pair is incomplete.
func judge(w io.Writer, netem, userspace []finding) error {
	if len(netem) == 0 || len(netem) != len(userspace) {
		return fmt.Errorf("%d findings on netem and %d on userspace: want as many, and some", len(netem), len(userspace))
	}
	var failed []error
	check := func(fabric string, f finding, limit float64) {
		verdict := "ok"
		if f.Measured <= 0 || !(math.Abs(f.Error) <= limit) {
			verdict = "too much"
			failed = append(failed, fmt.Errorf("%s: %v: beyond its limit", fabric, f))
		}
		fmt.Fprintf(w, "%-9s %v  %s\n", fabric, f, verdict)
	}
	reference := map[string]finding{}
	for _, f := range netem {
		reference[f.key()] = f
		check("netem", f, f.limit())
	}
	for _, f := range userspace {
		r, ok := reference[f.key()]
		if !ok {
			failed = append(failed, fmt.Errorf("userspace: %v: not measured on netem", f))
			continue
		}
		check("userspace", f, factor*max(math.Abs(r.Error), f.limit()))
	}
	return errors.Join(failed...)
}

func read(path string) ([]finding, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var list []finding
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return list, nil
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: judge NETEM.json USERSPACE.json")
		os.Exit(2)
	}
	netem, err := read(os.Args[1])
	userspace, err2 := read(os.Args[2])
	if err = errors.Join(err, err2); err == nil {
		err = judge(os.Stdout, netem, userspace)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "judge:", err)
		os.Exit(1)
	}
}
