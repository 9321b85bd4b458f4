package experiment

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"testbed/emulator/catalogue"
	"testbed/emulator/record"
	"testbed/emulator/scenario"
)

// Cell is a combination of levels and the number of a repetition.
type Cell struct {
	Number     int              // in the stated order, from 1; it changes where levels are added
	ID         string           // of twelve hexadecimal digits, by what is executed: it does not change
	Levels     []string         // by factor, as given
	Values     []scenario.Value // by factor
	Repetition int              // from 1
	Seed       uint64           // of the draw of jobs, of their clients and of the order of placement
	Chains     int              // of all models
	Estimate   float64          // s, how long chains take by the prediction, as the arrival process has them

	at     []int    // level of each factor
	steps  int      // of the plans of all chains
	models []string // whose plans these are
}

// String names the cell by its levels.
func (c *Cell) String() string {
	var parts []string
	for _, l := range c.Levels {
		parts = append(parts, label(l))
	}
	return strings.Join(append(parts, fmt.Sprintf("repetition %d", c.Repetition)), ", ")
}

// cells are all there are, in the stated order.
func (s *Spec) cells() []*Cell {
	at := make([]int, len(s.Factors))
	var all []*Cell
	for {
		for r := range s.Repeat {
			c := &Cell{Number: len(all) + 1, Repetition: r + 1, at: append([]int(nil), at...)}
			for i := range s.Factors {
				c.Levels = append(c.Levels, s.Factors[i].Levels[at[i]].Text)
			}
			all = append(all, c)
		}
		i := len(at) - 1
		for ; i >= 0; i-- {
			if at[i]++; at[i] < len(s.Factors[i].Levels) {
				break
			}
			at[i] = 0
		}
		if i < 0 {
			return all
		}
	}
}

// ordered are cells in the order in which they are executed.
func (s *Spec) ordered(cells []*Cell) []*Cell {
	all := append([]*Cell(nil), cells...)
	if s.Order == Random {
		random := rand.New(rand.NewPCG(s.Seed, 0))
		random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	}
	return all
}

// Scenario is what a cell executes. The first repetition has the seeds of the scenario. Each other one has seeds of
// its own for the synthesis of the trace, the draw of jobs, of their clients and of the order of placement, and the
// arrival process, made of those of the scenario and of the repetition's number: so repetitions of one number meet the
// same jobs in all cells whose workload is the same. The network, its delays and its chances stay the same.
func (s *Spec) Scenario(c *Cell, from *catalogue.Catalogue) (*scenario.Scenario, error) {
	sc, _, err := s.adapt(c, from)
	return sc, err
}

// adapt is Scenario, with what the cell's levels amount to. It leaves the cell as it is, which others may read.
func (s *Spec) adapt(c *Cell, from *catalogue.Catalogue) (*scenario.Scenario, []scenario.Value, error) {
	settings, also := make([]scenario.Setting, len(s.Factors)), []scenario.Setting(nil)
	for i := range s.Factors {
		of := s.Factors[i].settings(c.at[i])
		settings[i], also = of[0], append(also, of[1:]...)
	}
	sc, values, err := scenario.Adapt(s.Text, s.File, from, append(settings, also...)...)
	if err != nil {
		return nil, nil, err
	}
	if c.Repetition > 1 && !s.SameSeed {
		w := &sc.Workload
		w.Seed = repeated(w.Seed, c.Repetition)
		if w.Synth != nil {
			synth := *w.Synth
			synth.Seed = repeated(synth.Seed, c.Repetition)
			w.Synth = &synth
		}
		sc.Replay.Arrival.Seed = repeated(sc.Replay.Arrival.Seed, c.Repetition)
	}
	return sc, values[:len(s.Factors)], nil
}

// repeated is a repetition's seed, of 31 bits; nil where there is none.
func repeated(seed *uint64, repetition int) *uint64 {
	if seed == nil {
		return nil
	}
	var text [16]byte
	binary.LittleEndian.PutUint64(text[:], *seed)
	binary.LittleEndian.PutUint64(text[8:], uint64(repetition))
	sum := sha256.Sum256(text[:])
	own := uint64(binary.LittleEndian.Uint32(sum[:]) & math.MaxInt32)
	return &own
}

// identify gives the cell its ID: a hash of the scenario with all defaults resolved, but for its description, of the
// files that it reads, and of the repetition's number.
func (c *Cell) identify(sc *scenario.Scenario, files *sums) error {
	same := *sc
	same.Description = ""
	text, err := same.MarshalJSON()
	if err != nil {
		return err
	}
	hash := sha256.New()
	out := json.NewEncoder(hash)
	err = out.Encode([]any{json.RawMessage(text), c.Repetition})
	for _, ref := range sc.References() {
		for _, suffix := range ref.Suffixes {
			sum, failed := files.of(ref.Path + suffix)
			if failed != nil {
				return failed
			}
			if err == nil {
				err = out.Encode(sum)
			}
		}
	}
	c.ID = hex.EncodeToString(hash.Sum(nil))[:12]
	return err
}

// sum is the hash of a file.
func sum(path string) (record.FileSum, error) { return record.Sum(path, maxInput) }
