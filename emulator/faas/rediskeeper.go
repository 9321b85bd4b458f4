package faas

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/gomodule/redigo/redis"
)

// seed implements keeper.
func (s *redisServer) seed(ctx context.Context, key string, size int64) error {
	content, err := s.states.pools.take(ctx, size)
	if err != nil {
		return err
	}
	defer content.release()
	fill(content.data, seedOf(key))
	if err := s.note(key); err != nil {
		return err
	}
	sum := strconv.FormatUint(uint64(checksum(content.data)), 16)
	return s.states.do(ctx, 0, func(c redis.Conn) error {
		_, err := c.Do("HSET", key, "v", 0, "s", sum, "w", "", "c", content.data)
		return err
	})
}

// note remembers a key, for drop.
func (s *redisServer) note(key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.keys) >= maxHeld {
		return fmt.Errorf("%d states are held: %w", maxHeld, errFull)
	}
	s.keys[key] = true
	return nil
}

// look implements keeper.
func (s *redisServer) look(ctx context.Context, key string) (v value, err error) {
	err = s.states.do(ctx, maxBody, func(c redis.Conn) (err error) {
		v, err = s.states.read(ctx, c, key)
		return err
	})
	return v, err
}

// drop implements keeper.
func (s *redisServer) drop(ctx context.Context, prefix string) (int, error) {
	var keys []any
	s.mu.Lock()
	for key := range s.keys {
		if strings.HasPrefix(key, prefix) {
			keys = append(keys, key)
		}
	}
	s.mu.Unlock()
	if len(keys) == 0 {
		return 0, nil
	}
	if err := s.states.do(ctx, 0, func(c redis.Conn) error {
		_, err := c.Do("UNLINK", keys...)
		return err
	}); err != nil {
		return 0, err // they are known still, and can be dropped again
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, key := range keys {
		delete(s.keys, key.(string))
	}
	return len(keys), nil
}
