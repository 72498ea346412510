package mail

// Columns lets the tests measure lines as a terminal does.
var Columns = columns
