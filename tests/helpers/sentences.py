"""One sentence in several languages."""

SENTENCES = {
    "en": "The toll on the new bridge takes money from people who have no other way across the river.",
    "ar": "تأخذ رسوم الجسر الجديد المال من أناس لا طريق لهم غيره لعبور النهر كل يوم.",
    "ru": "Плата за проезд по новому мосту отнимает деньги у людей, которым иначе через реку не попасть.",
    "tr": "Yeni köprünün geçiş ücreti, nehri başka yoldan geçemeyen insanların parasını alıyor.",
    "fa": "عوارض پل تازه از مردمی پول می‌گیرد که برای گذشتن از رودخانه راه دیگری ندارند.",
    "uk": "Плата за проїзд новим мостом забирає гроші в людей, які не мають іншого шляху через річку.",
    "de": "Die Maut auf der neuen Brücke nimmt denen Geld, die keinen anderen Weg über den Fluss haben.",
}
