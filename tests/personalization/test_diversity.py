"""No list is ten times the same home, and none is shorter for it."""

import numpy as np

from homing.personalization.diversity import SAME_PLACE_AND_PRICE, diverse


def listed(order, k, price, latitude):
    order = np.asarray(order, dtype=np.int64)
    price, latitude = np.asarray(price, dtype=float), np.asarray(latitude, dtype=float)
    return diverse(order, k, price=price, latitude=latitude, longitude=np.full(len(price), -122.0))


def test_a_fourth_home_of_one_place_and_price_gives_way():
    chosen, passed = listed([0, 1, 2, 3, 4], 4, [5e5] * 5, [47.0, 47.0, 47.0, 47.0, 47.5])
    assert chosen.tolist() == [0, 1, 2, 4]
    assert passed == 1


def test_a_list_is_filled_up_with_what_was_passed_over():
    chosen, passed = listed([0, 1, 2, 3], 4, [5e5] * 4, [47.0] * 4)
    assert chosen.tolist() == [0, 1, 2, 3]
    assert passed == 0
    assert SAME_PLACE_AND_PRICE < 4


def test_homes_without_a_place_are_never_alike():
    chosen, _ = listed([0, 1, 2, 3, 4], 5, [5e5] * 5, [np.nan] * 5)
    assert chosen.tolist() == [0, 1, 2, 3, 4]


def test_the_order_given_is_kept():
    order = [4, 2, 0, 1, 3]
    chosen, _ = listed(order, 3, [1e5, 2e5, 4e5, 8e5, 16e5], [47.0] * 5)
    assert chosen.tolist() == [4, 2, 0]
