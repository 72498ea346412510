variable "ssn" {
  default = "421-85-3825"
}
locals { visa_card = "4716689889419872" }
