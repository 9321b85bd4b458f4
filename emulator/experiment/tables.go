package experiment

import (
	"errors"
	"testbed/emulator/record"
)

// tables writes the tables of all cells that are finished, in the stated order, and gives their chains to the pool.
func (x *experiment) tables(pool *pool) (err error) {
	var all []*table
	create := func(name string, columns []column) *table {
		if err != nil {
			return nil
		}
		var t *table
		if t, err = createTable(x.dir, name, columns); err == nil {
			all = append(all, t)
		}
		return t
	}
	cells := create(CellsTable, x.cellTableColumns(x.Cells))
	chains := create(ChainsTable, x.chainColumns(x.Cells))
	var steps *table
	if x.Steps {
		steps = create(StepsTable, x.stepColumns(x.Cells))
	}
	for _, c := range x.Cells {
		if err == nil && len(x.results.of[c.ID]) > 0 {
			err = x.tabulate(c, pool, cells, chains, steps)
		}
	}
	for _, t := range all {
		if err == nil {
			err = t.finish()
		} else {
			err = errors.Join(err, t.abort())
		}
	}
	return err
}

// tabulate adds a cell's rows to the tables.
func (x *experiment) tabulate(c *Cell, pool *pool, cells, chains, steps *table) error {
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
	err = cells.add(&l)
	for i := range r.Chains {
		if err == nil {
			l.chain = &r.Chains[i]
			err = chains.add(&l)
		}
	}
	for i := range r.Steps {
		if err == nil && steps != nil {
			l.step = &r.Steps[i]
			err = steps.add(&l)
		}
	}
	return err
}
