package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/net/netutil"

	"cloze/internal/engine"
	"cloze/internal/httpapi"
	"cloze/internal/kernels"
)

// serve listens at once, loads the models meanwhile, and serves until ctx
// ends.
func serve(ctx context.Context, o options, logger zerolog.Logger) error {
	api := httpapi.New(httpapi.Config{
		MaxBodyBytes:        o.MaxBodyBytes,
		MaxTexts:            o.MaxTexts,
		MaxTokensPerRequest: o.MaxTokensPerRequest,
		MaxInFlight:         o.MaxInFlight,
		MaxAnswerBytes:      o.MaxAnswerBytes,
		RequestTimeout:      o.RequestTimeout,
		CORSOrigins:         o.CORSOrigins,
		Build:               buildInfo(),
		Log:                 logger,
	})
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", o.Listen)
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler:           api,
		ReadHeaderTimeout: o.ReadHeaderTimeout,
		ReadTimeout:       o.ReadTimeout,
		WriteTimeout:      o.WriteTimeout,
		IdleTimeout:       o.IdleTimeout,
		MaxHeaderBytes:    16 << 10,
		ConnState:         (&connections{most: o.MaxConnections}).changed,
		ErrorLog:          log.New(logger.With().Str("from", "net/http").Logger(), "", 0),
	}
	logger.Info().Str("address", listener.Addr().String()).Str("url", "http://"+listener.Addr().String()).Msg("listening")
	served := make(chan error, 1)
	// One more, so that it shows when they are too many, and one that has been idle goes.
	go func() { served <- server.Serve(netutil.LimitListener(listener, o.MaxConnections+1)) }()

	loaded, err := startEngine(ctx, o)
	if err != nil {
		return errors.Join(err, server.Close())
	}
	defer loaded.Close()
	api.Serve(httpapi.NewTasks(loaded))
	logReady(logger, loaded)
	trimMemory()

	select {
	case err := <-served:
		return err // the listener broke
	case <-ctx.Done():
	}
	return drain(o, logger, api, server)
}

// trimMemory keeps the process near the size of its models. Packing them left a float32
// copy of the largest matrix of each, 90 MB for the embedded ones, which the collector
// alone would keep for minutes. And the weights, most of the
// heap, are never garbage: with Go's usual 100 % the heap would double before
// it is collected, while collecting costs little, since weights hold no
// pointers. Whoever sets GOGC knows better.
func trimMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(25)
	}
	debug.FreeOSMemory()
}

// logReady says how long the start took, what each model takes in memory, and
// how products are computed: a processor without what others have is slower in
// silence otherwise.
func logReady(logger zerolog.Logger, e *engine.Engine) {
	models := zerolog.Dict()
	for _, m := range e.Models() {
		models.Str(m.ID, fmt.Sprintf("%.1f MB", float64(m.Network.Bytes())/1e6))
	}
	precision := e.Models()[0].Network.Precision() // one for all
	logger.Info().Int64("start_ms", time.Since(started).Milliseconds()).Dict("models", models).
		Str("precision", precision.String()).Str("products", kernels.Implementation(precision)).
		Int("cpus", runtime.GOMAXPROCS(0)).Msg("ready")
}

// drain stops in order: not ready at once, after the delay no new work, the requests
// in flight to their end, and whatever is left cut off at the timeout.
func drain(o options, logger zerolog.Logger, api *httpapi.API, server *http.Server) error {
	logger.Info().Int("in_flight", api.InFlight()).Msg("draining")
	begin := time.Now()
	api.Leave()
	ctx, cancel := context.WithTimeout(context.Background(), o.ShutdownTimeout)
	defer cancel()
	select {
	case <-time.After(o.DrainDelay):
	case <-ctx.Done():
	}
	api.Drain()
	server.SetKeepAlivesEnabled(false) // not before: it closes connections on which a request may be coming
	// The listener stays open until the work is done, so that those who ask
	// hear "draining" rather than a refused connection.
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for ctx.Err() == nil && api.InFlight() > 0 {
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
	if err := server.Shutdown(ctx); err != nil {
		_ = server.Close() // cuts off what is still in flight
		return fmt.Errorf("requests still in flight after %v were cut off: %w", o.ShutdownTimeout, err)
	}
	logger.Info().Dur("took_ms", time.Since(begin)).Msg("stopped")
	return nil
}
