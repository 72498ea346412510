package store

import (
	"cmp"
	"strconv"

	"github.com/jackc/pgx/v5/pgconn"
)

// DatabaseName is a PostgreSQL connection string for people: the host, its port and the database,
// without what is needed to get in.
func DatabaseName(url string) string {
	c, err := pgconn.ParseConfig(url)
	if err != nil {
		return "PostgreSQL"
	}
	return "PostgreSQL " + c.Host + ":" + strconv.Itoa(int(c.Port)) + "/" + cmp.Or(c.Database, c.User)
}
