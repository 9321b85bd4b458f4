package dapr

import (
	"fmt"
	"net/http"

	"testbed/emulator/faas/keyspace"
)

// change does what do does to a store, as a whole or not at all. Where it is a single write, which is that by itself,
// nothing is copied. items are what is written, for the memory.
func (s *Session) change(store, code, doing string, items []item, do func(*keyspace.Space) error) *failure {
	return s.with(store, func(space *keyspace.Space) (*keyspace.Space, *failure) {
		before, next, most, copied := space.Memory(), space, int64(0), int64(0)
		for i := range items {
			most += keyspace.KeyBytes + overhead + int64(2*len(items[i].Key)+len(items[i].Value))
		}
		if len(items) > 1 { // until this is over the space is there twice
			copied = space.Overhead()
		}
		if err := s.take(copied); err != nil {
			return nil, refusal(code, doing, err)
		}
		defer s.memory.Give(copied)
		if err := s.take(most); err != nil {
			return nil, refusal(code, doing, err)
		}
		kept := int64(0)
		defer func() { s.memory.Give(most - kept) }()
		if len(items) > 1 {
			next = space.Clone()
		}
		if err := do(next); err != nil {
			return nil, refusal(code, doing, err)
		}
		kept = max(-s.taken, min(most, next.Memory()-before)) // less than 0: it is smaller now
		s.taken += kept
		return next, nil
	})
}

// overhead is more than what a key and its value take up in a blob besides themselves.
const overhead = 64

// save writes keys.
func (s *Session) save(w http.ResponseWriter, r *http.Request, store string) *failure {
	var items []item
	give, f := s.body(w, r, &items)
	defer give()
	if f != nil {
		return f
	}
	for i := range items {
		if f := items[i].check(); f != nil {
			return f
		}
	}
	doing := fmt.Sprintf("failed saving state in state store %.100s", store)
	f = s.change(store, codeSave, doing, items, func(space *keyspace.Space) error {
		for i := range items {
			if err := items[i].set(space); err != nil {
				return err
			}
		}
		return nil
	})
	if f == nil {
		w.WriteHeader(http.StatusNoContent)
	}
	return f
}

// remove deletes a key; one that is not there is deleted already, unless an ETag is expected of it.
func (s *Session) remove(w http.ResponseWriter, r *http.Request, store, key string) *failure {
	query := r.URL.Query()
	i := item{Key: key}
	i.Options.Concurrency, i.Options.Consistency = query.Get("concurrency"), query.Get("consistency")
	if f := i.check(); f != nil {
		return f
	}
	if etag := r.Header.Get("If-Match"); etag != "" {
		i.ETag = &etag
	}
	f := s.change(store, codeDelete, fmt.Sprintf("failed deleting state with key %.64s", key), []item{i}, i.remove)
	if f == nil {
		w.WriteHeader(http.StatusNoContent)
	}
	return f
}

// operation is one of a transaction.
type operation struct {
	Operation string `json:"operation"`
	Request   item   `json:"request"`
}

// transact does all operations, in their order, or none.
func (s *Session) transact(w http.ResponseWriter, r *http.Request, store string) *failure {
	var wanted struct {
		Operations []operation `json:"operations"`
		Metadata   manner      `json:"metadata"`
	}
	give, f := s.body(w, r, &wanted)
	defer give()
	if f != nil {
		return f
	}
	if f := wanted.Metadata.check(); f != nil {
		return f
	}
	for i := range wanted.Operations {
		o := &wanted.Operations[i]
		if o.Operation != "upsert" && o.Operation != "delete" {
			return &failure{http.StatusBadRequest, codeOperation, fmt.Sprintf("operation type %.64s not supported", o.Operation)}
		}
		if f := o.Request.check(); f != nil {
			return f
		}
	}
	items := make([]item, len(wanted.Operations))
	for i := range wanted.Operations {
		items[i] = wanted.Operations[i].Request
	}
	f = s.change(store, codeTransaction, "error while executing state transaction", items,
		func(space *keyspace.Space) error { return apply(space, wanted.Operations) })
	if f == nil {
		w.WriteHeader(http.StatusNoContent)
	} else if f.status == http.StatusConflict && f.code == codeTransaction {
		f.status = http.StatusInternalServerError // as Dapr does, and documents, of transactions
	}
	return f
}

func apply(space *keyspace.Space, all []operation) error {
	for i := range all {
		do := all[i].Request.set
		if all[i].Operation == "delete" {
			do = all[i].Request.remove
		}
		if err := do(space); err != nil {
			return err
		}
	}
	return nil
}
