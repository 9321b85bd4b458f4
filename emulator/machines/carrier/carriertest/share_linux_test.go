package carriertest

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// hostsEach is how many hosts a site has, and times how often each way of bringing them up is measured.
const (
	hostsEach = 27
	times     = 5
)

// sites writes a scenario of sites, each of which a line of 5 ms joins with the exchange.
func sites(t *testing.T, name string, count int) string {
	t.Helper()
	var nodes, links strings.Builder
	fmt.Fprint(&nodes, "    exchange: {kind: exchange}\n")
	for s := range count {
		fmt.Fprintf(&nodes, "    site%d: {kind: switch}\n", s)
		fmt.Fprintf(&links, "    - {endpoints: [site%d, exchange], rate: 1Gbps, delay: 5ms}\n", s)
		for h := range hostsEach {
			fmt.Fprintf(&nodes, "    h%d-%d: {}\n", s, h)
			fmt.Fprintf(&links, "    - {endpoints: [h%d-%d, site%d], rate: 1Gbps, delay: 200us}\n", s, h, s)
		}
	}
	path := filepath.Join(t.TempDir(), name+".yaml")
	text := fmt.Sprintf("name: %s\ntopology:\n  nodes:\n%s  links:\n%smodels: [in-function]\n", name, &nodes, &links)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// took are the times of up and down, in s.
type took struct{ up, down []float64 }

// TestStartsInTheTimeOfAShare: to bring 81 nodes up on three machines takes at most 1.2 times as long as engines take
// for 27 each, and down likewise, by medians. The machines here share their processors: so an engine's time for its
// share is what it takes while the two others bring up theirs, each as a testbed of its own on one machine, until the
// last of them is up: one that is sooner was so at the others' expense. It is the same work at the same time, but for
// agents, connections and the cut. What any one of them takes, and what one does while nobody else does anything, is
// logged.
func TestStartsInTheTimeOfAShare(t *testing.T) {
	onQuietMachines(t)
	c := newCommands(t)
	whole := sites(t, "whole", c.at.Count)
	var shares []string
	for n := range c.at.Count {
		shares = append(shares, sites(t, fmt.Sprint("share", n+1), 1))
	}
	var last, each, all, single took
	for i := -1; i < times; i++ { // the first time images are made and loaded
		var now took
		for n := range c.at.Count {
			if i < 0 {
				alone(t, c, n, shares[n], &now)
			}
		}
		spreadOut(t, c, whole, &now)
		if i < 0 {
			continue
		}
		atOnce(t, c, shares, &last, &each)
		spreadOut(t, c, whole, &all)
		alone(t, c, i%c.at.Count, shares[i%c.at.Count], &single)
	}
	t.Logf("alone on all processors a share is up after %.2f s and down after %.2f s", middle(single.up),
		middle(single.down))
	for _, what := range []struct {
		name              string
		last, each, three []float64
	}{{"up", last.up, each.up, all.up}, {"down", last.down, each.down, all.down}} {
		ratio := middle(what.three) / middle(what.last)
		t.Logf("%s: %d nodes on three machines %.2f s %.2f; shares of %d beside one another %.2f s %.2f: %.2f times; any "+
			"one of these %.2f s", what.name, hostsEach*c.at.Count, middle(what.three), what.three, hostsEach,
			middle(what.last), what.last, ratio, middle(what.each))
		if ratio > 1.2 {
			t.Errorf("%s: want 1.2 times at most", what.name)
		}
	}
}

// machine is where a share is brought up.
func (c *commands) machine(t *testing.T, n int) place {
	return c.on(t, n+1, "--runtime", "docker", "--fabric", "userspace")
}

// shareOf brings a share up on one machine, and takes it down when between returns.
func shareOf(where place, n int, scenario string, between func()) (t took, err error) {
	begun := time.Now()
	_, err = where.run(append([]string{"up", scenario, "-q"}, where.flags...)...)
	t.up = append(t.up, time.Since(begun).Seconds())
	between()
	if err == nil {
		begun = time.Now()
		_, err = where.run("down", "--name", fmt.Sprint("share", n+1), "-q")
		t.down = append(t.down, time.Since(begun).Seconds())
	}
	return t, err
}

// add takes in more times.
func (t *took) add(more took) { t.up, t.down = append(t.up, more.up...), append(t.down, more.down...) }

// alone brings one share up, and takes it down.
func alone(t *testing.T, c *commands, n int, scenario string, into *took) {
	t.Helper()
	one, err := shareOf(c.machine(t, n), n, scenario, func() {})
	if err != nil {
		t.Fatal(err)
	}
	into.add(one)
}

// atOnce brings all shares up at the same time, and takes them down so. It gives the times of the last, and of each.
func atOnce(t *testing.T, c *commands, shares []string, last, each *took) {
	t.Helper()
	var done, up sync.WaitGroup
	all, failed := make([]took, len(shares)), make([]error, len(shares))
	up.Add(len(shares))
	for n := range shares {
		where := c.machine(t, n)
		done.Go(func() {
			all[n], failed[n] = shareOf(where, n, shares[n], func() { up.Done(); up.Wait() })
		})
	}
	done.Wait()
	if err := errors.Join(failed...); err != nil {
		t.Fatal(err)
	}
	var now took
	for _, one := range all {
		now.add(one)
	}
	each.add(now)
	last.add(took{[]float64{slices.Max(now.up)}, []float64{slices.Max(now.down)}})
}

// spreadOut brings all up on three machines, a share on each, and takes it down.
func spreadOut(t *testing.T, c *commands, scenario string, into *took) {
	t.Helper()
	where, begun := c.spread(), time.Now()
	where.must(t, append([]string{"up", scenario, "-q"}, where.flags...)...)
	up := time.Since(begun).Seconds()
	var list []struct {
		Machines []struct {
			Nodes int `json:"nodes"`
		} `json:"machines"`
	}
	if err := json.Unmarshal(where.must(t, "ls", "-f", "json"), &list); err != nil {
		t.Fatal(err)
	}
	if len(list) != 1 || len(list[0].Machines) != c.at.Count {
		t.Fatalf("the testbeds are %+v", list)
	}
	for _, m := range list[0].Machines {
		if m.Nodes != hostsEach {
			t.Errorf("%d nodes are on a machine, not %d", m.Nodes, hostsEach)
		}
	}
	begun = time.Now()
	where.must(t, "down", "--name", "whole", "-q")
	into.add(took{[]float64{up}, []float64{time.Since(begun).Seconds()}})
}
