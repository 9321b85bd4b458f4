package experiment

import (
	"errors"

	"testbed/emulator/record"
)

// tables are those of an experiment that are being written.
type tables struct {
	cells, chains, steps *table // steps may be nil
	moves                *table // nil: nothing has moved so far
	all                  []*table
	make                 func(name string, columns []column) (*table, error)
}

// create begins a table.
func (t *tables) create(name string, columns []column) (*table, error) {
	made, err := t.make(name, columns)
	if err == nil {
		t.all = append(t.all, made)
	}
	return made, err
}

// tables writes the tables of all cells that are finished, in the stated order, and gives their chains to the pool.
func (x *experiment) tables(pool *pool) error {
	t := &tables{make: func(name string, columns []column) (*table, error) { return createTable(x.dir, name, columns) }}
	var err error
	if t.cells, err = t.create(CellsTable, x.cellTableColumns(x.Cells)); err == nil {
		t.chains, err = t.create(ChainsTable, x.chainColumns(x.Cells))
	}
	if err == nil && x.Steps {
		t.steps, err = t.create(StepsTable, x.stepColumns(x.Cells))
	}
	for _, c := range x.Cells {
		if err == nil && x.results.has(c.ID) {
			err = x.tabulate(c, pool, t)
		}
	}
	for _, one := range t.all {
		if err == nil {
			err = one.finish()
		} else {
			err = errors.Join(err, one.abort())
		}
	}
	return err
}

// tabulate adds a cell's rows to the tables.
func (x *experiment) tabulate(c *Cell, pool *pool, t *tables) error {
	r, err := x.results.read(c.ID, x.Engines)
	if err != nil {
		return err
	}
	x.outcome.Chains += r.Failed
	x.outcome.Red += int(truth(r.Verdict == record.Red))
	pool.add(c, r)
	if x.Each != nil {
		if err := x.Each(c, r); err != nil {
			return err
		}
	}
	l := line{cell: c, result: r}
	err = t.cells.add(&l)
	for i := range r.Chains {
		if err == nil {
			l.chain = &r.Chains[i]
			err = t.chains.add(&l)
		}
	}
	for i := range r.Steps {
		if err == nil && t.steps != nil {
			l.step = &r.Steps[i]
			err = t.steps.add(&l)
		}
	}
	if err == nil && len(r.Moves) > 0 && t.moves == nil {
		t.moves, err = t.create(MovesTable, x.moveColumns(x.Cells))
	}
	for i := range r.Moves {
		if err == nil {
			l.move = &r.Moves[i]
			err = t.moves.add(&l)
		}
	}
	return err
}
