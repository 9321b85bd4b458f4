package run

import (
	"errors"
	"testing"
	"time"

	"testbed/emulator/influx"
	"testbed/emulator/influx/influxtest"
	"testbed/emulator/record"
)

// TestDatabaseThatDoesNotAnswer costs the run nothing: what is missing is said, in the manifest as well.
func TestDatabaseThatDoesNotAnswer(t *testing.T) {
	b, c := newBed(t, "")
	b.step = 50 * time.Microsecond
	c.Mirror = &influx.Config{
		URL: influxtest.Refuser(t), Org: "o", Bucket: "b", Token: "t", FinalFlush: 100 * time.Millisecond,
	}
	var live Live
	c.Began = func(l Live) { live = l }
	o, err := Run(t.Context(), c)
	if err != nil || o.Mirror == nil || !errors.Is(o.Incomplete(), influx.ErrIncomplete) {
		t.Fatalf("%v, %+v", err, o.Mirror)
	}
	m := concluded(t, o)
	if at := m.Mirrors[o.Mirror.Name]; m.Exit != record.OK || at.Pending == 0 || at.Written != 0 {
		t.Errorf("%+v", m.Mirrors)
	}
	if name, _ := live.Database(); name != o.Mirror.Name {
		t.Errorf("the live view has %q", name)
	}
}

// TestDatabaseThatIsRequired keeps a run from beginning where it does not answer, or is not described.
func TestDatabaseThatIsRequired(t *testing.T) {
	b, c := newBed(t, "")
	c.Required = true
	if o, err := Run(t.Context(), c); err == nil || o.Dir != "" {
		t.Errorf("no database: %v, %+v", err, o)
	}
	c.Mirror = &influx.Config{URL: influxtest.Refuser(t), Org: "o", Bucket: "b", Token: "t", Timeout: time.Second}
	if o, err := Run(t.Context(), c); err == nil || o.Dir != "" || len(b.began) > 0 {
		t.Errorf("one that does not answer: %v, %+v", err, o)
	}
	c.Required, c.Mirror.Bucket = false, ""
	if o, err := Run(t.Context(), c); err == nil || o.Dir != "" {
		t.Errorf("one without a bucket: %v, %+v", err, o)
	}
}
