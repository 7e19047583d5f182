"""What Part IV makes: a small network, its export, and digits that are not MNIST's."""
