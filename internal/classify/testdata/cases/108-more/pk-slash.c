// -----BEGIN RSA PRIVATE KEY-----
// Hvx0jF9xXIx+KIghskB6BcFspQMrqaLMK0KM+Fxj87lFFFGm+URPGvkDzoYV/N6/
// CwkC74jvpSOJIg5vs4CO/HmLKt/0xN4xFel+0w1cuN/83gY20pgqBwo/eECNvHg2
// 0dz/StYlTIBM/ZM9oISAww2/IJYCCXRTMbtlQu6zWosGaERrtM2N1XsLjiFEcJcP
// veD26BqIa73wlpFa+u3P5c0JSnVR85epXlhWlRfsptBI/n/nNHBKhFtLrmsBbb/T
// 0sTv6kyrz+C1EGyAfbN5IVauJYjbv94mGYcEhpk1s4KN18kEFzBw36wGrHCSG8nG
// nSjgLrc8ypsRuAEBVX2qxkZvlsyndFkmH+oeLHA1PSQ21TZ5N2t9ni5EprldYc4e
// 3y91jsoxzw/lkHNT
// -----END RSA PRIVATE KEY-----
