// Command judge holds what `testbed verify -f json` measured on the netem fabric against absolute limits, or,
// where userspace was measured too, userspace against netem on the same kernel. What is in several files is put
// together; of several tries the best of each measurement counts: what else the host does can only add to an error.
//
//	judge [--probe rtt|rate] NETEM.json,... [USERSPACE.json,...]
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
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
	Skipped                bool    // nothing was to be measured, such as the rate of a link that has none
}

// expected says whether the lab's scenarios want the finding measured: of their links only some have a rate.
func (f finding) expected() bool {
	return !f.Skipped || f.Probe == "rtt" || strings.HasPrefix(f.Class, "rate-")
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

// absolute prints every finding with its verdict, and fails where one is beyond its limit.
func absolute(w io.Writer, netem []finding) error {
	if len(netem) == 0 {
		return errors.New("nothing was measured")
	}
	var failed []error
	for _, f := range netem {
		failed = append(failed, f.judge(w, "netem", f.limit()))
	}
	return errors.Join(failed...)
}

// relative does so for userspace, whose limits are netem's errors. Netem's own are printed only.
func relative(w io.Writer, netem, userspace []finding) error {
	if len(netem) == 0 || len(netem) != len(userspace) {
		return fmt.Errorf("%d findings on netem and %d on userspace: want as many, and some", len(netem), len(userspace))
	}
	var failed []error
	reference := map[string]finding{}
	for _, f := range netem {
		reference[f.key()] = f
		if err := f.judge(w, "netem", math.Inf(1)); err != nil {
			failed = append(failed, err)
		}
	}
	for _, f := range userspace {
		r, ok := reference[f.key()]
		if !ok {
			failed = append(failed, fmt.Errorf("userspace: %v: not measured on netem", f))
			continue
		}
		failed = append(failed, f.judge(w, "userspace", factor*max(math.Abs(r.Error), f.limit())))
	}
	return errors.Join(failed...)
}

// judge prints one finding.
func (f finding) judge(w io.Writer, fabric string, limit float64) error {
	verdict, err := "ok", error(nil)
	switch {
	case f.Measured <= 0: // no answer has no error either
		verdict = "not measured"
	case math.IsInf(limit, 1):
		verdict = ""
	case !(math.Abs(f.Error) <= limit):
		verdict = "too much"
	}
	if verdict != "ok" && verdict != "" {
		err = fmt.Errorf("%s: %v: %s", fabric, f, verdict)
	}
	_, printed := fmt.Fprintf(w, "%-9s %v  %s\n", fabric, f, verdict)
	return errors.Join(err, printed)
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

// best merges the files at paths separated by commas, and keeps what the probe measured, or everything.
func best(paths, probe string) ([]finding, error) {
	var list []finding
	at := map[string]int{}
	for _, path := range strings.Split(paths, ",") {
		one, err := read(path)
		if err != nil {
			return nil, err
		}
		for _, f := range one {
			if probe != "" && f.Probe != probe || !f.expected() {
				continue
			}
			i, ok := at[f.key()]
			if !ok {
				at[f.key()] = len(list)
				list = append(list, f)
			} else if f.Measured > 0 && (list[i].Measured <= 0 || math.Abs(f.Error) < math.Abs(list[i].Error)) {
				list[i] = f
			}
		}
	}
	return list, nil
}

func run(w io.Writer, probe string, tries []string) error {
	var lists [][]finding
	for _, paths := range tries {
		list, err := best(paths, probe)
		if err != nil {
			return err
		}
		lists = append(lists, list)
	}
	switch len(lists) {
	case 1:
		return absolute(w, lists[0])
	case 2:
		return relative(w, lists[0], lists[1])
	}
	return errors.New("usage: judge [--probe rtt|rate] NETEM.json,... [USERSPACE.json,...]")
}

func main() {
	probe := flag.String("probe", "", "judge only this: rtt or rate")
	flag.Parse()
	if err := run(os.Stdout, *probe, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "judge:", err)
		os.Exit(1)
	}
}
