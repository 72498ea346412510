package detect

const maxAddress = 160

func mailingAddress(text []byte, start int) int { return -1 }
