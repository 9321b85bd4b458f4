package spar

import (
	_ "embed"
	"fmt"
	"math/rand/v2"
	"sort"
	"strconv"
	"strings"
	"sync"
)

//go:embed distributions.txt
var distributionsText string

// distribution is a cumulative distribution function, linear between its points, which ascend.
type distribution struct {
	value      []float64
	cumulative []float64 // from 0 to 1
}

// quantile is the value at which the function reaches u in [0,1].
func (d *distribution) quantile(u float64) float64 {
	i := sort.SearchFloat64s(d.cumulative, u)
	switch {
	case i == 0:
		return d.value[0]
	case i == len(d.value):
		return d.value[i-1]
	}
	low, high := d.cumulative[i-1], d.cumulative[i]
	if high <= low {
		return d.value[i]
	}
	return d.value[i-1] + (d.value[i]-d.value[i-1])*(u-low)/(high-low)
}

// edge is the right edge of the bin in which the function reaches u in [0,1]: the value of all that was counted in it.
func (d *distribution) edge(u float64) float64 {
	return d.value[min(sort.SearchFloat64s(d.cumulative, u), len(d.value)-1)]
}

func (d *distribution) draw(random *rand.Rand) float64 { return d.quantile(random.Float64()) }

// distributions are all that a synthesis draws from.
type distributions struct {
	tasks, duration, cpu, mem, instances *distribution
	length                               map[int]*distribution // by number of tasks, up to maxLengthKey
	level                                map[int]*distribution // by critical-path length, up to maxLevelKey
}

// The largest keys of the tables; larger jobs are drawn from these.
const (
	maxLengthKey = 35
	maxLevelKey  = 20
)

// published parses the embedded table once.
var published = sync.OnceValues(func() (*distributions, error) { return parseDistributions(distributionsText) })

func parseDistributions(text string) (*distributions, error) {
	d := &distributions{length: map[int]*distribution{}, level: map[int]*distribution{}}
	single := map[string]**distribution{
		"task_num": &d.tasks, "task_duration": &d.duration, "task_cpu": &d.cpu,
		"task_mem": &d.mem, "instance_num": &d.instances,
	}
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0] == "#" {
			continue
		}
		points, err := parsePoints(fields[1:])
		if err != nil {
			return nil, fmt.Errorf("distribution %s: %w", fields[0], err)
		}
		if into, ok := single[fields[0]]; ok {
			*into = points
			continue
		}
		name, key, _ := strings.Cut(fields[0], "/")
		n, err := strconv.Atoi(key)
		keyed := map[string]map[int]*distribution{"cpl": d.length, "level": d.level}[name]
		if err != nil || keyed == nil {
			return nil, fmt.Errorf("distribution %s: unknown name", fields[0])
		}
		keyed[n] = points
	}
	return d, d.complete(single)
}

func (d *distributions) complete(single map[string]**distribution) error {
	for name, of := range single {
		if *of == nil {
			return fmt.Errorf("distribution %s is missing", name)
		}
	}
	for n := 2; n <= maxLengthKey; n++ {
		if d.length[n] == nil {
			return fmt.Errorf("distribution cpl/%d is missing", n)
		}
	}
	for n := 1; n <= maxLevelKey; n++ {
		if d.level[n] == nil {
			return fmt.Errorf("distribution level/%d is missing", n)
		}
	}
	return nil
}

// parsePoints reads VALUE@CUMULATIVE ...
func parsePoints(fields []string) (*distribution, error) {
	d := &distribution{}
	for i, f := range fields {
		v, c, _ := strings.Cut(f, "@")
		value, err1 := strconv.ParseFloat(v, 64)
		cumulative, err2 := strconv.ParseFloat(c, 64)
		if err1 != nil || err2 != nil {
			return nil, fmt.Errorf("%q is not VALUE@CUMULATIVE", f)
		}
		if i > 0 && (value < d.value[i-1] || cumulative < d.cumulative[i-1]) {
			return nil, fmt.Errorf("%q is below the point before it", f)
		}
		d.value = append(d.value, value)
		d.cumulative = append(d.cumulative, cumulative)
	}
	if n := len(d.value); n < 2 || d.cumulative[0] != 0 || d.cumulative[n-1] != 1 {
		return nil, fmt.Errorf("the points do not go from 0 to 1")
	}
	return d, nil
}
