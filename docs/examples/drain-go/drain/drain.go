// Package drain lets an HTTP server be replaced without a failed request. Copy it: it is one file and needs nothing but
// the standard library.
//
// The listening socket belongs to whoever starts the program (systemd, or stoa keeper), and old and new process share it
// for a while. A request can then only be lost when a server closes a connection on which the client has just sent one.
// http.Server.Shutdown does that to every idle connection. Serve instead answers what is asked next on each of them with
// "Connection: close", and ends when the last connection has gone.
package drain

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// Listen returns the socket that the program was given under a name, or the first one if there is none of that name.
// Started without sockets, it listens on the port in $PORT.
//
// The protocol is sd_listen_fds(3): LISTEN_PID names the process that is meant, the sockets begin at descriptor 3.
func Listen(name string) (net.Listener, error) {
	count, _ := strconv.Atoi(os.Getenv("LISTEN_FDS"))
	if os.Getenv("LISTEN_PID") != strconv.Itoa(os.Getpid()) || count < 1 {
		return net.Listen("tcp", ":"+os.Getenv("PORT"))
	}
	descriptor := 3
	for i, given := range strings.Split(os.Getenv("LISTEN_FDNAMES"), ":") {
		if given == name && i < count {
			descriptor = 3 + i
		}
	}
	file := os.NewFile(uintptr(descriptor), name)
	defer file.Close()
	return net.FileListener(file)
}

// Ready tells whoever started the program that it can take requests now. It does nothing if nobody asked (READY_FD).
func Ready() error {
	descriptor, err := strconv.Atoi(os.Getenv("READY_FD"))
	if err != nil {
		return nil
	}
	file := os.NewFile(uintptr(descriptor), "ready")
	defer file.Close()
	_, err = file.WriteString("\n")
	return err
}

// Serve serves until SIGTERM or SIGINT, then drains: it accepts no more connections, asks clients to leave those they
// have, and returns when all have, or after the grace. A second signal ends the program at once. The grace should be
// shorter than what the service declares as its drain time, after which it is killed.
func Serve(server *http.Server, listener net.Listener, grace time.Duration) error {
	var draining atomic.Bool
	var open atomic.Int64
	gone := make(chan struct{}, 1)

	handler := server.Handler
	if handler == nil {
		handler = http.DefaultServeMux
	}
	server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if draining.Load() {
			// With HTTP/2 the server makes a GOAWAY of it.
			w.Header().Set("Connection", "close")
		}
		handler.ServeHTTP(w, r)
	})
	told := server.ConnState
	server.ConnState = func(conn net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			open.Add(1)
		case http.StateClosed, http.StateHijacked:
			if open.Add(-1) == 0 {
				select {
				case gone <- struct{}{}:
				default:
				}
			}
		}
		if told != nil {
			told(conn, state)
		}
	}

	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, os.Interrupt)
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	if err := Ready(); err != nil {
		return err
	}
	select {
	case err := <-failed:
		return err
	case <-signals:
	}

	draining.Store(true)
	listener.Close() // Serve returns; the connections stay.
	<-failed
	end := time.After(grace)
	for open.Load() > 0 {
		select {
		case <-gone:
		case <-signals:
			return errors.New("told to end at once")
		case <-end:
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			return server.Shutdown(ctx)
		}
	}
	return nil
}
