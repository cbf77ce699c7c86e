// clientv3's own recipes against any etcd: mutexes, an election, software transactional memory.
// Prints one line a recipe that held; ends with 1 and a sentence when one did not.
package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"
)

const (
	workers = 8
	rounds  = 10
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{os.Args[1]}, DialTimeout: 10 * time.Second})
	must(err)
	defer client.Close()
	mutex(ctx, client)
	election(ctx, client)
	stm(ctx, client)
}

// Each worker reads a number and writes the next one, which only a lock keeps from getting lost.
func mutex(ctx context.Context, client *clientv3.Client) {
	_, err := client.Put(ctx, "mutex/count", "0")
	must(err)
	all(func(int) {
		session, err := concurrency.NewSession(client, concurrency.WithTTL(30))
		must(err)
		defer session.Close()
		lock := concurrency.NewMutex(session, "mutex/lock")
		for range rounds {
			must(lock.Lock(ctx))
			got, err := client.Get(ctx, "mutex/count")
			must(err)
			n, err := strconv.Atoi(string(got.Kvs[0].Value))
			must(err)
			answer, err := client.Txn(ctx).If(lock.IsOwner()).Then(clientv3.OpPut("mutex/count", strconv.Itoa(n+1))).Commit()
			must(err)
			if !answer.Succeeded {
				fail("a lock was held by two")
			}
			must(lock.Unlock(ctx))
		}
	})
	got, err := client.Get(ctx, "mutex/count")
	must(err)
	if want := strconv.Itoa(workers * rounds); string(got.Kvs[0].Value) != want {
		fail("counted %s, not %s", got.Kvs[0].Value, want)
	}
	fmt.Println("mutex")
}

// All want to lead; each does, one after another, and an observer sees the leaders in the order in which they led.
func election(ctx context.Context, client *clientv3.Client) {
	watching, stop := context.WithCancel(ctx)
	session, err := concurrency.NewSession(client)
	must(err)
	defer session.Close()
	seen := make(chan string, workers)
	observed := concurrency.NewElection(session, "election").Observe(watching)
	go func() {
		for answer := range observed {
			seen <- string(answer.Kvs[0].Value)
		}
		close(seen)
	}()
	var order []string
	var leading sync.Mutex
	all(func(w int) {
		own, err := concurrency.NewSession(client, concurrency.WithTTL(30))
		must(err)
		defer own.Close()
		e := concurrency.NewElection(own, "election")
		name := fmt.Sprint("worker-", w)
		must(e.Campaign(ctx, name))
		if !leading.TryLock() {
			fail("two lead at once")
		}
		leader, err := e.Leader(ctx)
		must(err)
		if string(leader.Kvs[0].Value) != name {
			fail("%s leads, but %s is told", name, leader.Kvs[0].Value)
		}
		if len(order) == 0 {
			if first := <-seen; first != name {
				fail("%s leads, but %s is seen", name, first)
			}
		}
		order = append(order, name)
		leading.Unlock()
		must(e.Resign(ctx))
	})
	stop()
	if len(order) != workers {
		fail("%d led", len(order))
	}
	fmt.Println("election")
}

// Workers move coins between two purses; none is lost or made.
func stm(ctx context.Context, client *clientv3.Client) {
	for purse := range 2 {
		_, err := client.Put(ctx, fmt.Sprint("purse/", purse), "100")
		must(err)
	}
	all(func(w int) {
		from, to := fmt.Sprint("purse/", w%2), fmt.Sprint("purse/", 1-w%2)
		for range rounds {
			_, err := concurrency.NewSTM(client, func(s concurrency.STM) error {
				a, _ := strconv.Atoi(s.Get(from))
				b, _ := strconv.Atoi(s.Get(to))
				s.Put(from, strconv.Itoa(a-w))
				s.Put(to, strconv.Itoa(b+w))
				return nil
			}, concurrency.WithIsolation(concurrency.SerializableSnapshot), concurrency.WithAbortContext(ctx))
			must(err)
		}
	})
	sum := 0
	for purse := range 2 {
		got, err := client.Get(ctx, fmt.Sprint("purse/", purse))
		must(err)
		n, err := strconv.Atoi(string(got.Kvs[0].Value))
		must(err)
		sum += n
	}
	if sum != 200 {
		fail("%d coins", sum)
	}
	fmt.Println("stm")
}

func all(work func(w int)) {
	var group sync.WaitGroup
	for w := range workers {
		group.Add(1)
		go func() {
			defer group.Done()
			work(w)
		}()
	}
	group.Wait()
}
func must(err error) {
	if err != nil {
		fail("%v", err)
	}
}
func fail(format string, values ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", values...)
	os.Exit(1)
}
