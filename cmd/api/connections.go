package main

import (
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// connections keeps the server reachable when there are more connections than may be:
// it closes those that wait for their next request, the longest-waiting first. Without
// that, clients that keep connections and ask nothing would keep everyone out, those
// who ask whether the server is well included.
type connections struct {
	most int

	mu    sync.Mutex
	open  int
	idle  []idleConnection // by since
	later *time.Timer      // looks again, when the first of them has been idle for long enough
}

type idleConnection struct {
	conn  net.Conn
	since time.Time
}

// idleEnough is how long a connection must have been idle to be closed: of one that has
// just been answered, the next request may be on its way.
const idleEnough = time.Second

// changed is for http.Server.ConnState.
func (c *connections) changed(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.idle = slices.DeleteFunc(c.idle, func(i idleConnection) bool { return i.conn == conn })
	switch state {
	case http.StateNew:
		c.open++
	case http.StateIdle:
		c.idle = append(c.idle, idleConnection{conn, time.Now()})
	case http.StateClosed, http.StateHijacked:
		c.open--
	}
	c.makeRoom()
}

// makeRoom closes as many as are too many, now or when they have been idle for long
// enough.
func (c *connections) makeRoom() {
	for over := c.open - c.most; over > 0 && len(c.idle) > 0; over-- {
		longest := c.idle[0]
		if wait := idleEnough - time.Since(longest.since); wait > 0 {
			if c.later == nil {
				c.later = time.AfterFunc(wait, c.lookAgain)
			}
			return
		}
		c.idle = c.idle[1:]
		_ = longest.conn.Close() // the server notices, and says that it is closed
	}
}

func (c *connections) lookAgain() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.later = nil
	c.makeRoom()
}
