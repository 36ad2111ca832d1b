package main

import (
	"net"
	"net/http"
	"slices"
	"sync"
)

// connections keeps the server reachable when there are as many connections as may be:
// it closes those that wait for their next request, the longest-waiting first. Without
// that, clients that keep connections and ask nothing would keep everyone out, those
// who ask whether the server is well included.
type connections struct {
	most int

	mu   sync.Mutex
	open int
	idle []net.Conn // by the time since which they are
}

// changed is for http.Server.ConnState.
func (c *connections) changed(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forget(conn)
	switch state {
	case http.StateNew:
		c.open++
	case http.StateIdle:
		c.idle = append(c.idle, conn)
	case http.StateClosed, http.StateHijacked:
		c.open--
	}
	if c.open >= c.most && len(c.idle) > 0 {
		longest := c.idle[0]
		c.idle = c.idle[1:]
		_ = longest.Close() // the server notices, and says that it is closed
	}
}

// forget takes a connection out of those that are idle.
func (c *connections) forget(conn net.Conn) {
	if i := slices.Index(c.idle, conn); i >= 0 {
		c.idle = slices.Delete(c.idle, i, i+1)
	}
}
